
terraform {
  required_providers {
    openai = { source = "acme/openai" }
    github = {
      source  = "registry.terraform.io/integrations/github"
      version = "~> 6.0"
    }
  }
}
