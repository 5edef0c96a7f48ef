# SPDX-License-Identifier: Apache-2.0
"""An Apache Kafka that talks TLS only: with a password on one listener, with the client's certificate on another."""

import os

from .certificates import Authority
from .kafka import ApacheKafka
from .ports import free_port

USER = "millrace"
# With what separates properties and names from values: the file of KAFKA_PROPERTIES must keep it whole.
PASSWORD = "tell=hush7f3a;one/quiet+4d2e"

_SECURITY = """\
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PASSWORD:SASL_SSL,CERTIFICATE:SSL
inter.broker.listener.name=CERTIFICATE
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={authority}
listener.name.certificate.ssl.client.auth=required
listener.name.password.ssl.client.auth=none
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.password.sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.password.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.password.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_{user}="{password}";
"""


class SecureKafka(ApacheKafka):
    def __init__(self, version, home):
        self.authority = Authority("broker")
        self.certificate_port = free_port()
        super().__init__(version, home)

    def _name(self):
        return f"secure-kafka-{self.version}"

    @property
    def certificate_bootstrap(self):
        return f"127.0.0.1:{self.certificate_port}"

    def _listeners(self):
        return f"PASSWORD://127.0.0.1:{self.port},CERTIFICATE://127.0.0.1:{self.certificate_port}"

    def _security(self):
        keystore = os.path.join(self.folder, "keystore.pem")
        with open(keystore, "w") as file:
            for part in self.authority.issue("broker", "127.0.0.1"):
                with open(part) as text:
                    file.write(text.read())
        return _SECURITY.format(keystore=keystore, authority=self.authority.certificate, user=USER, password=PASSWORD)

    def _format_arguments(self):
        return ["--add-scram", f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"]

    @property
    def client_properties(self):
        return self.with_password()

    def with_password(self, mechanism="PLAIN", password=PASSWORD, authority=None):
        """librdkafka's properties for the first listener."""
        return {
            "security.protocol": "SASL_SSL", "ssl.ca.location": (authority or self.authority).certificate,
            "sasl.mechanism": mechanism, "sasl.username": USER, "sasl.password": password,
        }

    def with_certificate(self, name, authority=None):
        """librdkafka's properties for the second listener; the client's certificate is `authority`'s."""
        key, certificate = (authority or self.authority).issue(name)
        return {
            "security.protocol": "SSL", "ssl.ca.location": self.authority.certificate,
            "ssl.key.location": key, "ssl.certificate.location": certificate,
        }
