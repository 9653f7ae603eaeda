"""The sample service `notify`, except that it tries again within seconds: a demo has no hour."""

from consumers.notify.service import acknowledge, notify, open_office
from orchestrator.service import Policy, Service

service = Service(
    "notify",
    channels=["notify.v1"],
    resources=open_office,
    policy=Policy(retries=("1s", "1s", "1s")),
)
service.on("SendAcknowledgment")(acknowledge)
service.on("SendNotification")(notify)
