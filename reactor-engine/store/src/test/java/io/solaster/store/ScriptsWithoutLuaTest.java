package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.solaster.testkit.chaos.ChildJvm;
import io.solaster.testkit.chaos.Events;
import io.solaster.testkit.junit.SolasterTest;
import org.junit.jupiter.api.Test;

/** A process that cannot load the library of Lua refuses scripts with the reason, and serves all else. */
@SolasterTest(shards = 1)
final class ScriptsWithoutLuaTest {
    private static final String REFUSED = "-ERR scripts cannot be run: ";

    /** The process. */
    static final class Process {
        private Process() {}

        public static void main(String... arguments) throws InterruptedException {
            System.out.println("port " + StoreFixture.alone(2).port());
            Thread.currentThread().join();
        }
    }

    @Test
    void scriptsAreRefusedByNameAndAllElseWorks(Events events) throws Exception {
        // No file can be made in what is no directory.
        try (ChildJvm child = ChildJvm.of(Process.class).flags("-Djava.io.tmpdir=/dev/null").start(events);
                RespClient client = new RespClient(child.number("port "))) {
            for (int i = 0; i < 2; i++) {
                assertThat(client.call("SCRIPT", "KILL")).isEqualTo("-NOTBUSY No scripts in execution right now.");
                assertThat(client.call("EVAL", "return 1", "0")).startsWith(REFUSED);
                assertThat(client.call("EVALSHA_RO", "a".repeat(40), "1", "key")).startsWith(REFUSED);
                assertThat(client.call("SCRIPT", "LOAD", "return 1")).startsWith(REFUSED);
                assertThat(client.call("SCRIPT", "EXISTS", "a".repeat(40))).isEqualTo("*1|:0");
                assertThat(client.call("SCRIPT", "FLUSH")).isEqualTo("+OK");
            }
            assertThat(client.call("SET", "key", "value")).isEqualTo("+OK");
            assertThat(client.call("GET", "key")).isEqualTo("$5|value");
            assertThat(client.call("INFO", "memory")).contains("used_memory_scripts_eval:0");
        }
    }
}
