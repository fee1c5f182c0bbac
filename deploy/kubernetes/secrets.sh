#!/bin/sh
# Prints the Secrets of the portal, of PostgreSQL and of Redis, made at random, and keeps nothing:
#
#   SMTP_URL=smtps://USER:PASSWORD@mail.example.org sh deploy/kubernetes/secrets.sh | kubectl create -f -
#
# `create` refuses to replace what is there, so that running it twice does no harm. They are no part of the overlays: applying
# an overlay again must never bring back an old password, and there must be none that works in the repository. Until they
# exist, pods wait for them. To change one: docs/operations/containers.md, "Change a secret". Back up the Secret `vestibule`: what its
# master key has sealed cannot be read without it.
#
# PostgreSQL and Redis get certificates from an authority that exists for this one moment: its key is thrown away. They are
# valid for ten years. A cert-manager that makes and renews the Secrets' tls.crt, tls.key and ca.crt does better.
set -eu

: "${SMTP_URL:?the mail server, like smtps://USER:PASSWORD@mail.example.org; for the local overlay smtp://mail:1025}"
namespace=${NAMESPACE:-vestibule}
umask 077
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

random() {
    openssl rand -hex 24
}

new_key() {
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2> /dev/null
}

authority() {
    new_key ca.key
    openssl req -x509 -new -key ca.key -days 3650 -subj "/CN=vestibule stores" -out ca.crt \
        -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' -addext 'keyUsage=critical,keyCertSign'
}

certificate() { # NAME, which is also the Service's
    new_key "$1.key"
    cat > extensions <<EXTENSIONS
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=DNS:$1,DNS:$1.$namespace,DNS:$1.$namespace.svc,DNS:$1.$namespace.svc.cluster.local,DNS:localhost
EXTENSIONS
    openssl req -new -key "$1.key" -subj "/CN=$1" |
        openssl x509 -req -CA ca.crt -CAkey ca.key -set_serial "0x00$(openssl rand -hex 16)" -days 3650 \
            -extfile extensions -out "$1.crt" 2> /dev/null
}

indented() {
    sed 's/^/    /' "$1"
}

secret() { # NAME; the values follow
    cat <<SECRET
---
apiVersion: v1
kind: Secret
metadata:
  name: $1
  namespace: $namespace
  labels:
    app.kubernetes.io/part-of: vestibule
type: Opaque
stringData:
SECRET
}

value() { # KEY VALUE
    printf "  %s: '%s'\n" "$1" "$(printf %s "$2" | sed "s/'/''/g")"
}

file() { # KEY FILE
    printf '  %s: |\n' "$1"
    indented "$2"
}

authority
certificate postgres
certificate redis
postgres_password=$(random)
redis_password=$(random)
root=/run/secrets/vestibule/ca.crt

secret vestibule
value master_key "$(openssl rand -base64 32)"
value database_url "postgres://vestibule:$postgres_password@postgres:5432/vestibule?sslmode=verify-full&sslrootcert=$root"
value redis_url "rediss://:$redis_password@redis:6379/0?sslrootcert=$root"
value smtp_url "$SMTP_URL"
file ca.crt ca.crt

secret postgres
value admin_password "$(random)"
value password "$postgres_password"
file tls.crt postgres.crt
file tls.key postgres.key

secret redis
value password "$redis_password"
value redis.conf "requirepass $redis_password"
file tls.crt redis.crt
file tls.key redis.key
file ca.crt ca.crt
