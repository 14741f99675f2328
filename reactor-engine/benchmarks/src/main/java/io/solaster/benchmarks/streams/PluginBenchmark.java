package io.solaster.benchmarks.streams;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;

import io.solaster.config.EngineConfig;
import io.solaster.config.plugin.PluginConfig;
import io.solaster.config.plugin.PluginsConfig;
import io.solaster.engine.Engine;
import io.solaster.streams.plugin.PluginChain;
import io.solaster.streams.plugin.Plugins;
import io.solaster.streams.plugin.Processor;
import io.solaster.streams.plugin.Verdict;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs a shard to show a message to a plug-in; {@code none} is the test of a field that a topic has without one. Of
 * WebAssembly the value is copied in. At the end it says how long a shard took to swap versions.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
        "--add-opens=java.base/java.lang=ALL-UNNAMED"})
@State(Scope.Benchmark)
public class PluginBenchmark {
    private static final int COUNT = 20_000;
    /** As WasmBytes of the tests writes it: alloc returns 1024, process answers 1 for a message that begins with '#', else 0. */
    private static final String MODULE = "0061736d01000000" + "010c0260017f017f60027f7f017e" + "0303020001"
            + "0503010001" + "071c" + "03" + "066d656d6f72790200" + "05616c6c6f630000" + "0770726f636573730001"
            + "0a1302" + "0500418008" + "0b" + "0b0020002d000041" + "2346ad0b";

    @Param({"none", "java", "wasm"})
    String kind = "java";

    @Param({"0", "128"})
    int bytes;

    private byte[] value = {};
    private @Nullable Path directory;
    private @Nullable Engine engine;
    private @Nullable Plugins plugins;
    private @Nullable PluginChain chain;

    @Setup
    public void setUp() throws IOException {
        Path made = Files.createTempDirectory("plugin-benchmark");
        directory = made;
        value = new byte[bytes];
        write(made, "1.0.0");
        Engine started = Engine.start(EngineConfig.defaults().withShards(1));
        engine = started;
        Plugins loaded = Plugins.start(started, PluginsConfig.defaults().withDirectory(made.toString())
                .withProcessors(kind.equals("none") ? Map.of() : Map.of("pass", PluginConfig.of("t"))));
        plugins = loaded;
        started.submitTo(0, () -> {
            loaded.shards().local().attach("t", (publish, delivery) -> chain = publish);
            return chain;
        }).join();
        if (chain == null && !kind.equals("none")) {
            throw new IllegalStateException("no plug-in: " + loaded.stats());
        }
    }

    private void write(Path to, String version) throws IOException {
        if (kind.equals("wasm")) {
            byte[] module = HexFormat.of().parseHex(MODULE);
            // A custom section makes another version of it.
            byte[] name = version.getBytes(StandardCharsets.UTF_8);
            byte[] whole = new byte[module.length + 3 + name.length];
            System.arraycopy(module, 0, whole, 0, module.length);
            whole[module.length + 1] = (byte) (name.length + 1);
            whole[module.length + 2] = (byte) name.length;
            System.arraycopy(name, 0, whole, module.length + 3, name.length);
            Files.write(to.resolve("pass.wasm"), whole);
        } else if (kind.equals("java")) {
            jar(to.resolve("pass.jar"), version);
        }
    }

    private static void jar(Path file, String version) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Plugin-Id", "pass");
        manifest.getMainAttributes().putValue("Plugin-Version", version);
        String name = PassProcessor.class.getName().replace('.', '/') + ".class";
        try (OutputStream out = Files.newOutputStream(file);
                JarOutputStream jar = new JarOutputStream(out, manifest);
                InputStream code = Objects.requireNonNull(PassProcessor.class.getResourceAsStream("/" + name))) {
            jar.putNextEntry(new ZipEntry(name));
            code.transferTo(jar);
            jar.closeEntry();
            jar.putNextEntry(new ZipEntry("META-INF/services/" + Processor.class.getName()));
            jar.write(PassProcessor.class.getName().getBytes(StandardCharsets.UTF_8));
            jar.closeEntry();
        }
    }

    @TearDown
    public void tearDown() throws IOException {
        Plugins loaded = Objects.requireNonNull(plugins);
        Path from = Objects.requireNonNull(directory);
        if (!kind.equals("none")) {
            for (int i = 1; i <= 20; i++) {
                write(from, "1.0." + i);
                loaded.reload().join();
                System.out.println("swap " + loaded.stats().getFirst().lastSwap().toNanos() / 1000.0 + " us");
            }
        }
        Objects.requireNonNull(engine).close();
        Files.deleteIfExists(from.resolve("pass.jar"));
        Files.deleteIfExists(from.resolve("pass.wasm"));
        Files.delete(from);
    }

    @Benchmark
    @OperationsPerInvocation(COUNT)
    public int call() {
        return Objects.requireNonNull(engine).submitTo(0, this::calls).join();
    }

    private int calls() {
        int gone = 0;
        for (int i = 0; i < COUNT; i++) {
            PluginChain now = chain;
            if (now != null && now.process(null, value, 0, value.length) == Verdict.DROP) {
                gone++;
            }
        }
        return gone;
    }
}
