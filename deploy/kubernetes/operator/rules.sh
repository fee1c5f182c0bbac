#!/bin/sh
# Prints PrometheusRules with what is in deploy/prometheus/rules, for the Prometheus Operator:
#
#   sh deploy/kubernetes/operator/rules.sh | kubectl apply -f -
#
# The group "monitoring" is left out: it judges all that a Prometheus watches, and the operator's stack has alerts for that.
set -eu
cd "$(dirname "$0")/../../prometheus/rules"

for name in alerts recording; do
    cat <<RULE
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: vestibule-$name
  namespace: ${NAMESPACE:-vestibule}
  labels:
    release: kube-prometheus-stack
spec:
RULE
    sed -e '/^  - name: monitoring$/,$d' -e 's/^./  &/' "$name.yml"
done
