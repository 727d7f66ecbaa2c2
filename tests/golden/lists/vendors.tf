
# "twilio" was here
variable "vendors" {
  type    = list(string)
  default = ["github", "OpenAI", /* "slack" */ "https://status.acme.example"]
}
resource "acme_vendor" "x" {
  name        = "Stripe"
  description = "Datadog"
}
