package io.solaster.engine.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.stream.Collectors;

import io.solaster.config.value.CpuSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class CpuAffinityTest {
    private final CpuSet allowed = MachineProbe.probe().allowed();

    @Test
    void bindsTheCallingThreadAlone() throws Exception {
        int cpu = last(allowed);
        CpuSet before = CpuAffinity.current();

        String status = onThread(() -> {
            CpuAffinity.pin(cpu);
            assertThat(CpuAffinity.current()).isEqualTo(CpuSet.of(cpu));
            return Files.readString(Path.of("/proc/self/task/" + CpuAffinity.threadId() + "/status"));
        });

        assertThat(status).contains("Cpus_allowed_list:\t" + cpu + "\n");
        assertThat(CpuAffinity.current()).isEqualTo(before);
    }

    @Test
    void movesAThreadBackToManyCpus() throws Exception {
        assertThat(onThread(() -> {
            CpuAffinity.pin(last(allowed));
            CpuAffinity.set(allowed);
            return CpuAffinity.current();
        })).isEqualTo(allowed);
    }

    @Test
    void tellsEachThreadsNumber() throws Exception {
        assertThat(onThread(CpuAffinity::threadId)).isPositive().isNotEqualTo(CpuAffinity.threadId());
    }

    @Test
    void refusesACpuThatIsNotThere() {
        assertThatIllegalStateException().isThrownBy(() -> CpuAffinity.pin(1023))
                .withMessageContainingAll("thread '" + Thread.currentThread().getName() + "' on CPU 1023",
                        "CPUs " + allowed + ";", "cpuset");
        assertThatIllegalStateException().isThrownBy(() -> CpuAffinity.pin(5000)).withMessageContaining("5000");
        assertThatIllegalArgumentException().isThrownBy(() -> CpuAffinity.pin(-1)).withMessageContaining("-1");
    }

    @Test
    void refusesVirtualThreads() throws Exception {
        FutureTask<Void> task = new FutureTask<>(() -> {
            CpuAffinity.pin(last(allowed));
            return null;
        });
        Thread.startVirtualThread(task).join();

        assertThat(task.exceptionNow()).isInstanceOf(IllegalStateException.class).hasMessageContaining("virtual");
    }

    @Test
    void tellsAThreadThatHasEnded() throws Exception {
        int tid = onThread(CpuAffinity::threadId);

        // The kernel's thread ends a little after the JVM's.
        while (!CpuAffinity.of(tid).isEmpty()) {
            Thread.onSpinWait();
        }
        assertThat(CpuAffinity.set(tid, allowed)).isFalse();
    }

    @Test
    void saysWhatToDoWhereNativeAccessIsDenied() throws Exception {
        assertThat(answerOfJvm(System.getProperty("java.class.path"), "--illegal-native-access=deny"))
                .contains("unavailable: the JVM denies native access", "--enable-native-access=ALL-UNNAMED")
                .containsPattern("pin: .*'main'.*denies native access").contains("current: " + CpuAffinity.current());
    }

    @Test
    void saysWhatToDoWithoutJna() throws Exception {
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.contains("jna")).collect(Collectors.joining(File.pathSeparator));

        assertThat(answerOfJvm(classPath, "--enable-native-access=ALL-UNNAMED"))
                .contains("unavailable: JNA is not on the class path", "net.java.dev.jna:jna");
    }

    /** What a JVM of its own says. */
    static final class Answer {
        public static void main(String[] args) {
            System.out.println("unavailable: " + CpuAffinity.unavailable().orElse("no"));
            System.out.println("current: " + CpuAffinity.current());
            try {
                CpuAffinity.pin(CpuAffinity.current().stream().findFirst().orElseThrow());
            } catch (IllegalStateException e) {
                System.out.println("pin: " + e.getMessage());
            }
        }
    }

    private static String answerOfJvm(String classPath, String flag) throws IOException {
        assumeTrue(Files.isExecutable(java()));
        Process process = new ProcessBuilder(java().toString(), "-XX:TieredStopAtLevel=1", "-Xmx64m", flag, "-cp",
                classPath, Answer.class.getName()).redirectErrorStream(true).start();
        try (var output = process.getInputStream()) {
            return new String(output.readAllBytes(), StandardCharsets.UTF_8);
        } finally {
            process.destroy();
        }
    }

    private static Path java() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }

    private static int last(CpuSet cpus) {
        return cpus.stream().max().orElseThrow();
    }

    private static <T> T onThread(Callable<T> work) throws Exception {
        FutureTask<T> task = new FutureTask<>(work);
        Thread thread = new Thread(task);
        thread.start();
        thread.join();
        return task.get();
    }
}
