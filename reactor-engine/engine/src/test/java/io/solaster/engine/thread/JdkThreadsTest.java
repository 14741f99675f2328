package io.solaster.engine.thread;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.TimeUnit;

import io.solaster.engine.Child;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class JdkThreadsTest {

    @Test
    void withoutTheFlagTheErrorNamesIt() throws Exception {
        try (Child child = Child.start("", ChildForks.class, List.of())) {
            assertThat(child.line("refused")).hasValueSatisfying(line -> assertThat(line)
                    .contains("--add-opens=java.base/java.lang=ALL-UNNAMED", "'Add-Opens: java.base/java.lang'"));
        }
    }

    /** The JDK's pollers would otherwise belong to the shard of the first thread that reads from a socket. */
    @Test
    void blockingSocketsOutliveTheShards() throws Exception {
        try (Child child = Child.start("", ChildForks.class,
                List.of("--add-opens=java.base/java.lang=ALL-UNNAMED"))) {
            assertThat(child.number("read ")).isEqualTo(7);
            assertThat(child.number("afterwards ")).isEqualTo(7);
        }
    }
}
