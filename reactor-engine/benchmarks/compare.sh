#!/usr/bin/env bash
# Makes every figure of the README again: builds once, then runs Redis and us in turn. See README.md.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

java_version() {
    "$1/bin/java" -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java.specification.version = //p'
}

find_java() {
    local home version
    for home in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
        if [ -x "$home/bin/javac" ]; then
            version=$(java_version "$home")
            if [ "${version%%.*}" -ge 25 ] 2>/dev/null; then
                echo "$home"
                return
            fi
        fi
    done
    return 1
}

if ! java=$(find_java); then
    echo "compare.sh: no JDK 25 or newer in JAVA_HOME or /usr/lib/jvm; install one, such as temurin-25-jdk" >&2
    exit 1
fi
if [ -z "${SOLASTER_SKIP_BUILD:-}" ]; then
    (cd "$root" && mvn -q ${SOLASTER_MVN_FLAGS:-} -pl reactor-engine/benchmarks -am process-classes)
fi
classpath="$here/target/classes:$(cat "$here/target/classpath")"
exec "$java/bin/java" --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
    -Xms128m -Xmx128m -XX:+UseSerialGC -Dsolaster.root="$root" \
    -cp "$classpath" io.solaster.benchmarks.Compare "$@"
