package io.solaster.streams.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import io.solaster.config.plugin.PluginConfig;
import io.solaster.config.plugin.PluginConfig.At;
import io.solaster.config.plugin.PluginConfig.Kind;
import io.solaster.config.plugin.PluginConfig.OnFailure;
import io.solaster.config.plugin.PluginLimits;
import io.solaster.config.value.ByteSize;
import io.solaster.streams.plugin.PluginStats.State;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JavaPluginTest {
    private static final String PASS = "public Verdict process(MessageView view) { return Verdict.CONTINUE; }";
    private static final String UPPER = "public Verdict process(MessageView view) {"
            + " return view.replace(new String(view.value()).toUpperCase().getBytes()); }";
    private static final String THROWS = "public Verdict process(MessageView view) { throw new IllegalStateException(\"bug\"); }";

    @TempDir
    Path directory;
    private PluginRig rig;

    @BeforeEach
    void engine() {
        rig = new PluginRig(directory);
    }

    @AfterEach
    void stop() {
        rig.close();
    }

    private PluginRig with(String body) {
        rig.put("a.jar", PluginJar.of("a", "1.0.0", body));
        return rig.with("a", PluginRig.config("orders", "audit-*")).start("orders", "audit-x", "other");
    }

    @Test
    void looksAtMessagesOfItsTopicsOnEachShard() {
        with(UPPER);
        assertThat(rig.publish(0, "orders", "one")).isEqualTo("replace ONE");
        assertThat(rig.publish(1, "audit-x", "two")).isEqualTo("replace TWO");
        assertThat(rig.publish(1, "other", "two")).isEqualTo("untouched");
        assertThat(rig.stats("a")).satisfies(stats -> {
            assertThat(stats.kind()).isEqualTo("java");
            assertThat(stats.version()).isEqualTo("1.0.0");
            assertThat(stats.state()).isEqualTo(State.RUNNING);
            assertThat(stats.calls()).isEqualTo(2);
            assertThat(stats.failures()).isZero();
        });
    }

    @Test
    void dropsAndRoutes() {
        with("public Verdict process(MessageView view) { return view.length() == 0 ? Verdict.DROP"
                + " : view.route(new String(view.key()) + view.topic()); }");
        assertThat(rig.publish(0, "orders", "")).isEqualTo("drop");
        assertThat(rig.publish(0, "orders", new byte[]{'k'}, new byte[1])).isEqualTo("route to korders");
    }

    @Test
    void laterOnesSeeWhatEarlierOnesMadeOfAMessage() {
        rig.put("a.jar", PluginJar.of("a", "1.0.0", UPPER));
        rig.put("b.jar", PluginJar.of("b", "1.0.0", "public Verdict process(MessageView view) {"
                + " return new String(view.value()).equals(\"HELD\") ? view.route(\"held\") : Verdict.CONTINUE; }"));
        rig.put("c.jar", PluginJar.of("c", "1.0.0", THROWS));
        rig.with("a", PluginRig.config("*")).with("b", PluginRig.config("*"))
                .with("c", PluginRig.config("never")).start("t");
        assertThat(rig.publish(0, "t", "held")).isEqualTo("route HELD to held");
        assertThat(rig.publish(0, "t", "x")).isEqualTo("replace X");
        assertThat(rig.stats("c").calls()).isZero();
    }

    @Test
    void looksAtDeliveriesWhereAskedTo() {
        rig.put("a.jar", PluginJar.of("a", "1.0.0", UPPER));
        rig.with("a", PluginRig.config("orders").withAt(At.DELIVERY)).start("orders");
        assertThat(rig.publish(0, "orders", "one")).isEqualTo("replace ONE");
    }

    @Test
    void hasAnInstanceForEachShardThatTheShardMakes() {
        with("private final Thread mine = Thread.currentThread(); private int count; private String started = \"\";"
                + "public void start() { started = \"s\"; }"
                + "public Verdict process(MessageView view) { if (Thread.currentThread() != mine)"
                + " throw new IllegalStateException(); return view.replace((started + ++count).getBytes()); }");
        assertThat(rig.publish(0, "orders", "")).isEqualTo("replace s1");
        assertThat(rig.publish(0, "orders", "")).isEqualTo("replace s2");
        assertThat(rig.publish(1, "orders", "")).isEqualTo("replace s1");
    }

    @Test
    void anotherFileTakesItsPlace() {
        with(UPPER);
        rig.replace("a.jar", PluginJar.of("a", "1.1.0", PASS));
        assertThat(rig.publish(0, "orders", "one")).isEqualTo("continue");
        assertThat(rig.stats("a").version()).isEqualTo("1.1.0");
        assertThat(rig.stats("a").reloads()).isEqualTo(1);
    }

    @Test
    void aChangeIsSeenByItself() {
        rig.put("a.jar", PluginJar.of("a", "1.0.0", UPPER));
        rig.polling(Duration.ofMillis(20)).with("a", PluginRig.config("orders")).start("orders");
        rig.put("a.jar", PluginJar.of("a", "1.1.0", PASS));
        PluginRig.eventually(() -> "1.1.0".equals(rig.stats("a").version()));
        assertThat(rig.publish(1, "orders", "one")).isEqualTo("continue");
    }

    @Test
    void goesWithItsFileAndComesWithIt() throws IOException {
        with(UPPER);
        Files.delete(directory.resolve("a.jar"));
        rig.reload();
        assertThat(rig.publish(0, "orders", "one")).isEqualTo("untouched");
        assertThat(rig.stats("a").state()).isEqualTo(State.MISSING);
        rig.replace("a.jar", PluginJar.of("a", "2.0.0", UPPER));
        assertThat(rig.publish(0, "orders", "one")).isEqualTo("replace ONE");
    }

    @Test
    void whatThrowsPassesIsDroppedOrRejected() {
        rig.put("a.jar", PluginJar.of("a", "1.0.0", THROWS));
        rig.put("b.jar", PluginJar.of("b", "1.0.0", THROWS));
        rig.put("c.jar", PluginJar.of("c", "1.0.0", THROWS));
        rig.with("a", PluginRig.config("a")).with("b", PluginRig.config("b").withOnFailure(OnFailure.DROP))
                .with("c", PluginRig.config("c").withOnFailure(OnFailure.REJECT)).start("a", "b", "c");
        assertThat(rig.publish(0, "a", "x")).isEqualTo("continue");
        assertThat(rig.publish(0, "b", "x")).isEqualTo("drop");
        assertThat(rig.publish(0, "c", "x")).isEqualTo("rejected: plug-in 'c' rejects what comes to topic 'c':"
                + " java.lang.IllegalStateException: bug");
        assertThat(rig.stats("a").lastError()).isEqualTo("java.lang.IllegalStateException: bug");
        // Set aside after 3 in a row, with nothing to put back: what it rejects it rejects from then on too.
        rig.publish(0, "c", "x");
        rig.publish(0, "c", "x");
        PluginRig.eventually(() -> rig.stats("c").state() == State.SET_ASIDE);
        assertThat(rig.publish(0, "c", "x")).contains("it is not there");
        assertThat(rig.stats("c").setAside()).contains("1.0.0: 3 calls in a row failed");
    }

    @Test
    void aVersionThatFailsMakesWayForTheOneBefore() {
        with(UPPER);
        rig.replace("a.jar", PluginJar.of("a", "2.0.0", THROWS));
        for (int i = 0; i < 3; i++) {
            rig.publish(1, "orders", "one");
        }
        PluginRig.eventually(() -> rig.stats("a").state() == State.FALLEN_BACK);
        assertThat(rig.stats("a").version()).isEqualTo("1.0.0");
        assertThat(rig.publish(1, "orders", "one")).isEqualTo("replace ONE");
        // Its file has not changed: it stays aside.
        rig.reload();
        assertThat(rig.stats("a").version()).isEqualTo("1.0.0");
        rig.replace("a.jar", PluginJar.of("a", "2.0.1", PASS));
        assertThat(rig.stats("a").state()).isEqualTo(State.RUNNING);
        assertThat(rig.stats("a").version()).isEqualTo("2.0.1");
    }

    @Test
    void aVersionThatDoesNotStartChangesNothing() {
        with(UPPER);
        rig.replace("a.jar", PluginJar.of("a", "2.0.0", PASS
                + "public void start() { if (Thread.currentThread().getName().endsWith(\"1\")) throw new Error(\"no\"); }"));
        assertThat(rig.publish(0, "orders", "one")).isEqualTo("replace ONE");
        assertThat(rig.stats("a").setAside()).contains("2.0.0 does not start", "java.lang.Error: no");
    }

    @Test
    void whatTakesTooLongIsToldOfAndSetAside() {
        rig.put("a.jar", PluginJar.of("a", "1.0.0", "public Verdict process(MessageView view) {"
                + " long end = System.nanoTime() + 100_000_000; while (System.nanoTime() < end) { }"
                + " return Verdict.DROP; }"));
        rig.with("a", PluginConfig.of("orders").withMaxFailures(2)
                .withLimits(new PluginLimits(Duration.ofMillis(1), new ByteSize(1 << 20)))).start("orders");
        PluginRig.eventually(() -> {
            rig.publish(0, "orders", "x");
            return rig.stats("a").state() == State.SET_ASIDE;
        });
        assertThat(rig.stats("a").overruns()).isGreaterThanOrEqualTo(2);
        assertThat(rig.stats("a").failures()).isZero();
        assertThat(rig.stats("a").setAside()).contains("took too long");
    }

    @Test
    void whatIsNoPluginIsRefusedByName() {
        with(UPPER);
        record Case(byte[] file, String problem) {}
        byte[] whole = PluginJar.of("a", "3.0.0", PASS);
        for (Case each : List.of(new Case(new byte[]{1, 2, 3}, "no jar, or not a whole one"),
                new Case(Arrays.copyOf(whole, whole.length - 10), "no jar, or not a whole one"),
                new Case(PluginJar.named("a", "3.0.0").build(), "names 0 classes"),
                new Case(new PluginJarWithoutId().build(), "no Plugin-Id"),
                new Case(PluginJar.named("a", "3.0.0").service("gone.Gone").build(), "names no Processor"),
                new Case(PluginJar.named("a", "3.0.0").manifest("Plugin-Dependencies", "lib@1.0.0").processor(PASS)
                        .build(), "lib"))) {
            rig.replace("a.jar", each.file);
            assertThat(rig.publish(0, "orders", "one")).isEqualTo("replace ONE");
            assertThat(rig.stats("a").version()).isEqualTo("1.0.0");
            assertThat(rig.stats("a").lastError()).contains(each.problem);
            assertThat(rig.stats("a").state()).isEqualTo(State.FALLEN_BACK);
        }
    }

    /** A jar of something else. */
    private static final class PluginJarWithoutId {
        byte[] build() {
            return PluginJar.named("", "1.0.0").processor(PASS).build();
        }
    }

    @Test
    void twoFilesOfOneNameAreRefused() {
        with(UPPER);
        rig.replace("other.jar", PluginJar.of("a", "2.0.0", PASS));
        assertThat(rig.publish(0, "orders", "one")).isEqualTo("replace ONE");
        assertThat(rig.stats("a").lastError()).contains("two files are plug-in 'a': a.jar, other.jar");
    }

    @Test
    void aFileThatIsStillWrittenIsLeftAlone() {
        rig.polling(Duration.ofMillis(50)).with("a", PluginRig.config("orders")).start("orders");
        byte[] whole = PluginJar.of("a", "1.0.0", UPPER);
        rig.put("a.jar", Arrays.copyOf(whole, whole.length / 2));
        PluginRig.eventually(() -> rig.stats("a").lastError() != null);
        rig.put("a.jar", whole);
        PluginRig.eventually(() -> rig.stats("a").state() == State.RUNNING);
        assertThat(rig.publish(0, "orders", "one")).isEqualTo("replace ONE");
    }

    @Test
    void aJarIsNoneWhereOnlyWebAssemblyMayRun() {
        rig.put("a.jar", PluginJar.of("a", "1.0.0", UPPER));
        rig.with("a", PluginRig.config("orders").withKind(Kind.WASM).withOnFailure(OnFailure.REJECT)).start("orders");
        assertThat(rig.stats("a").state()).isEqualTo(State.MISSING);
        assertThat(rig.publish(0, "orders", "one")).startsWith("rejected");
        assertThat(rig.stats("a").missed()).isEqualTo(1);
    }

    @Test
    void dependsOnAnotherJarAndReloadsWithIt() {
        rig.put("lib.jar", PluginJar.named("lib", "1.0.0").source("lib.Words", "package lib; public class Words {"
                + " public static String word() { return \"one\"; } }").build());
        rig.put("a.jar", PluginJar.named("a", "1.0.0").manifest("Plugin-Dependencies", "lib@>=1.0.0")
                .processor("public Verdict process(MessageView view) throws Exception { return view.replace(((String)"
                        + " Class.forName(\"lib.Words\").getMethod(\"word\").invoke(null)).getBytes()); }")
                .build());
        rig.with("a", PluginRig.config("orders")).start("orders");
        assertThat(rig.publish(0, "orders", "")).isEqualTo("replace one");
        rig.replace("lib.jar", PluginJar.named("lib", "1.1.0").source("lib.Words", "package lib; public class Words {"
                + " public static String word() { return \"two\"; } }").build());
        assertThat(rig.publish(0, "orders", "")).isEqualTo("replace two");
    }

    @Test
    void aThreadThatIsLeftBehindIsToldByName() {
        with(PASS + "static volatile boolean end; Thread left; public void start() {"
                + " left = new Thread(() -> { while (!Thread.interrupted()) java.util.concurrent.locks.LockSupport.park(); },"
                + " \"left-behind\"); left.setDaemon(true); left.start(); }");
        rig.replace("a.jar", PluginJar.of("a", "2.0.0", UPPER));
        assertThat(rig.stats("a").leftThreads()).containsExactly("left-behind", "left-behind");
        Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().equals("left-behind"))
                .forEach(Thread::interrupt);
    }

    @Test
    void aViewThatIsKeptShowsNothing() {
        with("static MessageView kept; public Verdict process(MessageView view) { if (view.length() == 1)"
                + " { kept = view; new Thread(() -> { }).start(); } return Verdict.CONTINUE; }"
                + "public void stop() { kept.value(); }");
        rig.publish(0, "orders", "x");
        rig.replace("a.jar", PluginJar.of("a", "2.0.0", UPPER));
        assertThat(rig.publish(0, "orders", "x")).isEqualTo("replace X");
    }

    @Test
    void answersThatMeanNothingAreFailures() {
        with("public Verdict process(MessageView view) { return view.length() == 0 ? null"
                + " : view.length() == 1 ? Verdict.REPLACE : Verdict.ROUTE; }");
        assertThat(rig.publish(0, "orders", "")).isEqualTo("continue");
        assertThat(rig.publish(0, "orders", "x")).isEqualTo("continue");
        assertThat(rig.stats("a").failures()).isEqualTo(2);
    }

    @Test
    void whatAFailedCallSaidDoesNotCount() {
        with("public Verdict process(MessageView view) { view.replace(new byte[9]); view.route(\"x\");"
                + " throw new StackOverflowError(); }");
        assertThat(rig.publish(0, "orders", "x")).isEqualTo("continue");
    }

    @Test
    @Tag("full")
    void aHundredReloadsLeaveNoLoader() {
        with(PASS);
        long classes = ManagementFactory.getClassLoadingMXBean().getLoadedClassCount();
        List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            rig.replace("a.jar", PluginJar.of("a", "2.0." + i, PASS));
            rig.publish(0, "orders", "x");
            rig.publish(1, "orders", "x");
            loaders.add(new WeakReference<>(rig.plugins().loaderOf("a")));
        }
        PluginRig.eventually(() -> {
            System.gc();
            // The one that runs has its own.
            return loaders.stream().filter(each -> each.get() != null).count() <= 1;
        });
        assertThat(rig.stats("a").version()).isEqualTo("2.0.99");
        assertThat(ManagementFactory.getClassLoadingMXBean().getLoadedClassCount()).isLessThan((int) classes + 300);
    }

    @Test
    void whatIsLoadedForTooLongIsLeftAside() {
        with(UPPER);
        rig.close();
        rig = new PluginRig(directory).loadingWithin(Duration.ofMillis(500)).with("a", PluginRig.config("orders"))
                .start("orders");
        assertThat(rig.publish(0, "orders", "one")).isEqualTo("replace ONE");
        System.setProperty("solaster.test.hold", "a");
        try {
            rig.replace("a.jar", PluginJar.of("a", "2.0.0", PASS
                    + "static { while (System.getProperty(\"solaster.test.hold\") != null) Thread.onSpinWait(); }"));
            assertThat(rig.stats("a").lastError()).contains("it is not loaded after 0 s");
            assertThat(rig.publish(0, "orders", "one")).isEqualTo("replace ONE");
            rig.replace("a.jar", PluginJar.of("a", "3.0.0", PASS));
            assertThat(rig.stats("a").lastError()).contains("is still being loaded");
        } finally {
            System.clearProperty("solaster.test.hold");
        }
        PluginRig.eventually(() -> {
            rig.replace("a.jar", PluginJar.of("a", "3.0.1", PASS));
            return "3.0.1".equals(rig.stats("a").version());
        });
        assertThat(rig.publish(0, "orders", "one")).isEqualTo("continue");
    }
}
