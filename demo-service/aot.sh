#!/usr/bin/env bash
# Unpacks the demo and trains an AOT cache for it: what the JVM has learnt in one start, the next ones need not.
#
#   ./aot.sh [--spring-aot] [DIRECTORY]          default: target/aot
#
# --spring-aot    with the bean definitions that were worked out when the jar was built: quicker still, and the
#                 conditions of auto-configuration are those of the build
#
# Then: DIRECTORY/run.sh [--solaster.engine.shards=4 ...]
# The cache fits the JDK, the garbage collector and the class path that it was trained with, and nothing else.
# The training run ends before any port is bound, and leaves nothing but the cache.
set -euo pipefail

spring_aot=false
if [[ ${1:-} == --spring-aot ]]; then
    spring_aot=true
    shift
fi
if (($# > 1)) || [[ ${1:-} == -* ]]; then
    sed -n '2,7p' "$0" >&2
    exit 2
fi
directory=$(realpath -m "${1:-$(dirname "$0")/target/aot}")
cd "$(dirname "$0")"

java=$(command -v "${JAVA_HOME:+$JAVA_HOME/bin/}java") || { echo "there is no java: set JAVA_HOME to a JDK 25" >&2; exit 1; }
version=$("$java" -XshowSettings:properties -version 2>&1 | sed -n 's/.*java\.specification\.version = \([0-9]*\).*/\1/p')
((version >= 25)) || { echo "$java is Java $version, and 25 is the first that will do: set JAVA_HOME" >&2; exit 1; }
jar=solaster-demo.jar
[[ -f target/$jar ]] || { echo "target/$jar is not there: mvn -pl demo-service -am -DskipTests package" >&2; exit 1; }
# It is emptied, so nothing may be in it but what an earlier run has put there.
if [[ -e $directory && ! -f $directory/run.sh && -n $(ls -A "$directory") ]]; then
    echo "$directory holds something else: name an empty directory, or a new one" >&2
    exit 1
fi

rm -rf "$directory"
"$java" -Djarmode=tools -jar "target/$jar" extract --destination "$directory"
{ cat jvm.args && echo "-Dspring.aot.enabled=$spring_aot"; } >"$directory/jvm.args"

cd "$directory"
cat >run.sh <<EOF
#!/usr/bin/env bash
cd "\$(dirname "\$0")"
# The Java that the cache was trained with, since it fits no other.
exec "$java" @jvm.args -Xmx256m -XX:AOTCache=app.aot -jar $jar "\$@"
EOF
chmod +x run.sh

training=$(mktemp -d)
trap 'rm -rf "$training"' EXIT
"$java" @jvm.args -Djava.io.tmpdir="$training" -Djna.tmpdir="$training" \
    -XX:AOTCacheOutput=app.aot -Dspring.context.exit=onRefresh -jar "$jar" >"$training/log" 2>&1 || {
    cat "$training/log" >&2
    exit 1
}
[[ -s app.aot ]] || { cat "$training/log" >&2; echo "no cache came of it" >&2; exit 1; }

echo "$directory/run.sh starts with a cache of $(du -h app.aot | cut -f1)"
