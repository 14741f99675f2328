# Sourced by the scripts that measure: builds once and sets $java, $root, $classpath and run. $module is what they measure
# with, this one unless they say so; another's test classes count too.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
module=${module:-reactor-engine/benchmarks}
phase=process-classes
[ "$module" = reactor-engine/benchmarks ] || phase=process-test-classes

find_jdk() {
    local home version
    for home in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
        if [ -x "$home/bin/javac" ]; then
            version=$("$home/bin/java" -XshowSettings:properties -version 2>&1 |
                sed -n 's/^ *java.specification.version = //p')
            if [ "${version%%.*}" -ge 25 ] 2>/dev/null; then
                echo "$home"
                return
            fi
        fi
    done
    return 1
}

if ! jdk=$(find_jdk); then
    echo "$(basename "$0"): no JDK 25 or newer in JAVA_HOME or /usr/lib/jvm; install one, such as temurin-25-jdk" >&2
    exit 1
fi
java="$jdk/bin/java"
if [ -z "${SKIP_BUILD:-}" ]; then
    (cd "$root" && mvn -q ${MVN_FLAGS:-} -pl "$module" -am "$phase")
fi
classpath="$root/$module/target/test-classes:$root/$module/target/classes:$(cat "$root/$module/target/classpath")"

# What runs the others, and is itself the client of some.
run() {
    exec "$java" --enable-native-access=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED \
        --sun-misc-unsafe-memory-access=allow ${heap--Xms128m -Xmx128m} -XX:+UseSerialGC -Dsolaster.root="$root" \
        -cp "$classpath" "$@"
}
