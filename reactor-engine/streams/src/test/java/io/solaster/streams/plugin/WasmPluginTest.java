package io.solaster.streams.plugin;

import static io.solaster.streams.plugin.WasmBytes.answer;
import static io.solaster.streams.plugin.WasmBytes.b;
import static io.solaster.streams.plugin.WasmBytes.call;
import static io.solaster.streams.plugin.WasmBytes.code;
import static io.solaster.streams.plugin.WasmBytes.forever;
import static io.solaster.streams.plugin.WasmBytes.i32;
import static io.solaster.streams.plugin.WasmBytes.i64;
import static io.solaster.streams.plugin.WasmBytes.leb;
import static io.solaster.streams.plugin.WasmBytes.local;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

import io.solaster.config.plugin.PluginConfig;
import io.solaster.config.plugin.PluginConfig.OnFailure;
import io.solaster.config.plugin.PluginLimits;
import io.solaster.config.value.ByteSize;
import io.solaster.streams.plugin.PluginStats.State;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WasmPluginTest {
    /** 100 ms: far more than what ends takes, and soon over for what does not. */
    private static final PluginLimits SHORT = new PluginLimits(Duration.ofMillis(100), new ByteSize(1 << 20));

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

    private PluginRig with(WasmBytes module) {
        rig.put("a.wasm", module.build());
        return rig.with("a", PluginRig.config("orders")).start("orders");
    }

    private PluginRig limited(WasmBytes module) {
        rig.put("a.wasm", module.build());
        return rig.with("a", PluginConfig.of("orders").withOnFailure(OnFailure.REJECT).withLimits(SHORT))
                .start("orders");
    }

    /** Puts an upper-case X in front, for the first byte. */
    private static WasmBytes marks() {
        return new WasmBytes().process(local(0), i32('X'), b(0x3A, 0, 0), answer(2, local(0), local(1)));
    }

    @Test
    void givesMessagesAnotherValue() {
        with(marks());
        assertThat(rig.publish(0, "orders", "one")).isEqualTo("replace Xne");
        assertThat(rig.publish(1, "orders", "two")).isEqualTo("replace Xwo");
        assertThat(rig.stats("a")).satisfies(stats -> {
            assertThat(stats.kind()).isEqualTo("wasm");
            assertThat(stats.version()).matches("[0-9a-f]{12}");
            assertThat(stats.calls()).isEqualTo(2);
        });
    }

    @Test
    void continuesDropsAndRoutes() {
        with(new WasmBytes().data(16, "held".getBytes(StandardCharsets.UTF_8)).process(local(1), b(0x04, 0x7E),
                local(1), i32(1), b(0x46, 0x04, 0x7E), i64(1), b(0x05), answer(3, i32(16), i32(4)), b(0x0B), b(0x05),
                i64(0), b(0x0B)));
        assertThat(rig.publish(0, "orders", "")).isEqualTo("continue");
        assertThat(rig.publish(0, "orders", "x")).isEqualTo("drop");
        assertThat(rig.publish(0, "orders", "xy")).isEqualTo("route to held");
    }

    @Test
    void readsKeyAndTopic() {
        rig.put("key.wasm", new WasmBytes().imports("solaster", "key")
                .process(answer(2, i32(8), code(i32(8), i32(100), call(0)))).build());
        rig.put("topic.wasm", new WasmBytes().imports("solaster", "topic")
                .process(answer(2, i32(8), code(i32(8), i32(3), call(0), b(0x1A), i32(3)))).build());
        rig.with("key", PluginRig.config("k")).with("topic", PluginRig.config("topics")).start("k", "topics");
        assertThat(rig.publish(0, "k", new byte[]{'a', 'b'}, new byte[0])).isEqualTo("replace ab");
        assertThat(rig.publish(0, "topics", "")).isEqualTo("replace top");
    }

    @Test
    void longMessagesGetMoreRoom() {
        with(marks().memory(1, 4, 16));
        byte[] large = new byte[100_000];
        Arrays.fill(large, (byte) 'a');
        assertThat(rig.publish(0, "orders", null, large)).hasSize("replace ".length() + large.length)
                .startsWith("replace Xaaa");
        // What does not fit into its memory fails, and the next one is fine.
        assertThat(rig.publish(0, "orders", null, new byte[300_000])).isEqualTo("continue");
        assertThat(rig.stats("a").lastError()).contains("outside of its memory");
        assertThat(rig.publish(0, "orders", "one")).isEqualTo("replace Xne");
    }

    @Test
    void whatLoopsIsStoppedAndLeavesNoInterrupt() {
        limited(new WasmBytes().process(local(1), b(0x04, 0x7E), forever(), b(0x05), i64(0), b(0x0B)));
        assertThat(rig.publish(0, "orders", "")).isEqualTo("continue");
        long start = System.nanoTime();
        // The rig looks at the shard's flag behind each call.
        assertThat(rig.publish(0, "orders", "x")).contains("took longer than");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(100))
                .isLessThan(Duration.ofSeconds(20));
        PluginRig.eventually(() -> rig.stats("a").renewals() == 1);
        assertThat(rig.publish(0, "orders", "")).isEqualTo("continue");
        assertThat(rig.stats("a").overruns()).isEqualTo(1);
        assertThat(rig.stats("a").failures()).isEqualTo(1);
    }

    @Test
    void whatLoopsMakesWayForTheVersionBefore() {
        rig.put("a.wasm", marks().build());
        rig.with("a", PluginConfig.of("orders").withMaxFailures(2).withLimits(SHORT)).start("orders");
        String version = rig.stats("a").version();
        rig.replace("a.wasm", new WasmBytes().process(forever()).build());
        PluginRig.eventually(() -> {
            rig.publish(0, "orders", "one");
            return rig.stats("a").state() == State.FALLEN_BACK;
        });
        assertThat(rig.stats("a").version()).isEqualTo(version);
        assertThat(rig.publish(0, "orders", "one")).isEqualTo("replace Xne");
    }

    @Test
    void memoryEndsAtTheLimit() {
        // It grows by a page until that fails, and says how many there are then.
        limited(new WasmBytes().process(
                b(0x03, 0x40), i32(1), b(0x40, 0), i32(-1), b(0x47, 0x0D, 0, 0x0B),
                i32(8), b(0x3F, 0), b(0x3A, 0, 0), answer(2, i32(8), i32(1))));
        assertThat(rig.publish(0, "orders", "")).isEqualTo("replace " + (char) ((1 << 20) / 65_536));
    }

    @Test
    void recursionWithoutEndIsAFailure() {
        limited(new WasmBytes().process(local(0), local(1), call(1)));
        assertThat(rig.publish(0, "orders", "x")).startsWith("rejected");
        assertThat(rig.stats("a").failures()).isEqualTo(1);
    }

    @Test
    void trapsAndAnswersOutOfBoundsAreFailures() {
        limited(new WasmBytes().process(local(1), b(0x04, 0x40, 0x00, 0x0B), answer(2, i32(65_530), i32(10))));
        assertThat(rig.publish(0, "orders", "x")).contains("unreachable");
        PluginRig.eventually(() -> rig.stats("a").renewals() == 1);
        assertThat(rig.publish(0, "orders", "")).contains("the value lies outside of its memory");
    }

    @Test
    void anInstanceThatTrapsMakesWayForANewOne() {
        // It counts calls in its memory, and traps where a message has a byte.
        limited(new WasmBytes().process(i32(8), i32(8), b(0x2D, 0, 0), i32(1), b(0x6A), b(0x3A, 0, 0),
                local(1), b(0x04, 0x40, 0x00, 0x0B), answer(2, i32(8), i32(1))));
        assertThat(rig.publish(0, "orders", "")).isEqualTo("replace \u0001");
        assertThat(rig.publish(0, "orders", "")).isEqualTo("replace \u0002");
        assertThat(rig.publish(0, "orders", "x")).contains("unreachable");
        PluginRig.eventually(() -> rig.stats("a").renewals() == 1);
        assertThat(rig.publish(0, "orders", "")).as("as new").isEqualTo("replace \u0001");
        assertThat(rig.publish(1, "orders", "")).as("of another shard").isEqualTo("replace \u0001");
        assertThat(rig.stats("a").state()).isEqualTo(State.RUNNING);
    }

    @Test
    void verdictsThatAreNoneAreFailures() {
        limited(new WasmBytes().process(i64(-1)));
        assertThat(rig.publish(0, "orders", "x")).contains("no verdict");
    }

    @Test
    void whatCannotRunIsRefusedByName() {
        with(marks());
        record Case(byte[] file, String problem) {}
        byte[] whole = marks().data(0, new byte[100]).build();
        for (Case each : List.of(new Case(new byte[]{1, 2, 3}, "no WebAssembly module"),
                new Case(Arrays.copyOf(whole, whole.length / 2), "no WebAssembly module"),
                new Case(new byte[0], "no WebAssembly module"),
                new Case(new byte[]{0, 'a', 's', 'm', 1, 0, 0, 0}, "no function 'process'"),
                new Case(marks().imports("wasi_snapshot_preview1", "fd_write").build(),
                        "imports 'wasi_snapshot_preview1.fd_write'"),
                new Case(marks().imports("solaster", "shutdown").build(), "imports 'solaster.shutdown'"),
                new Case(marks().memory(0, 17).build(), "asks for"),
                new Case(marks().memory(3, 1, 2).build(), "shared"),
                new Case(marks().section(code(b(4), leb(6), leb(1), b(0x70, 0), leb(70_000))).build(),
                        "70000 elements"),
                new Case(marks().section(code(b(13), leb(3), leb(1), b(0, 2))).build(), "exceptions"),
                new Case(marks().start(b(0x00)).build(), "does not start"),
                new Case(marks().start(forever()).build(), "within a second"),
                new Case(marks().alloc(i32(-8)).build(), "'alloc' returned"),
                new Case(new WasmBytes().process(i32(1)).build(), ""),
                new Case(new WasmBytes().locals(500_000_000).build(), ""))) {
            rig.replace("a.wasm", each.file);
            assertThat(rig.stats("a").lastError()).contains(each.problem);
            assertThat(rig.publish(0, "orders", "one")).isEqualTo("replace Xne");
        }
    }

    @Test
    void tablesGrowToALimitAndForTheirInstanceAlone() {
        // table.grow by 40,000 null functions: the second time there is no room. It says so by the length of its answer.
        limited(new WasmBytes().section(code(b(4), leb(4), leb(1), b(0x70, 0, 1)))
                .process(b(0xD0, 0x70), i32(40_000), b(0xFC), leb(15), leb(0), i32(-1), b(0x46, 0x04, 0x7E), i64(1),
                        b(0x05), i64(0), b(0x0B)));
        assertThat(rig.publish(0, "orders", "")).isEqualTo("continue");
        assertThat(rig.publish(0, "orders", "")).isEqualTo("drop");
        assertThat(rig.publish(1, "orders", "")).isEqualTo("continue");
        assertThat(rig.publish(1, "orders", "")).isEqualTo("drop");
    }

    @Test
    @Tag("full")
    void bytesByChanceHarmNothing() {
        rig.put("a.wasm", marks().build());
        rig.with("a", PluginConfig.of("orders").withLimits(SHORT)).start("orders");
        byte[] whole = marks().start(b(0x01)).data(0, new byte[20]).build();
        Random random = new Random(7);
        for (int i = 0; i < 300; i++) {
            byte[] bytes = whole.clone();
            for (int j = 0; j <= random.nextInt(4); j++) {
                bytes[8 + random.nextInt(bytes.length - 8)] = (byte) random.nextInt();
            }
            rig.replace("a.wasm", bytes);
            assertThat(rig.publish(0, "orders", "one")).isNotNull();
        }
        rig.replace("a.wasm", marks().build());
        assertThat(rig.publish(1, "orders", "one")).isEqualTo("replace Xne");
    }
}
