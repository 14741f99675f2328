package io.solaster.streams.plugin.wasm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Function;

import io.solaster.config.plugin.PluginLimits;
import io.solaster.streams.plugin.PluginCode;
import io.solaster.streams.plugin.PluginException;
import io.solaster.streams.plugin.PluginInstance;
import io.solaster.streams.plugin.WatchCell;
import org.jspecify.annotations.Nullable;
import run.endive.compiler.InterpreterFallback;
import run.endive.compiler.MachineFactoryCompiler;
import run.endive.runtime.Instance;
import run.endive.runtime.Machine;
import run.endive.wasm.Parser;
import run.endive.wasm.WasmModule;
import run.endive.wasm.types.ExternalType;
import run.endive.wasm.types.FunctionType;
import run.endive.wasm.types.Import;
import run.endive.wasm.types.MemoryLimits;
import run.endive.wasm.types.TableLimits;
import run.endive.wasm.types.TypeSection;
import run.endive.wasm.types.ValType;

/**
 * Verifies and compiles modules. What takes memory of the heap without being its own memory is refused: types of the garbage
 * collection proposal, exceptions, further memories, large tables; and shared memory, on which it could wait.
 */
public final class WasmLoader implements PluginCode.Loader {
    private static final long MOST_BYTES = 16 << 20;
    private static final int PAGE = 65_536;
    private static final int MOST_ELEMENTS = 65_536;

    static final FunctionType ALLOC = FunctionType.of(List.of(ValType.I32), List.of(ValType.I32));
    static final FunctionType PROCESS = FunctionType.of(List.of(ValType.I32, ValType.I32), List.of(ValType.I64));
    /** Of our imports: where to, at most how much; how long it is. */
    static final FunctionType READ = FunctionType.of(List.of(ValType.I32, ValType.I32), List.of(ValType.I32));

    /** For the room above. */
    public WasmLoader() {}

    @Override
    public PluginCode load(String name, Path file, List<Path> files, PluginLimits limits) {
        byte[] bytes = read(file);
        WasmModule module;
        Function<Instance, Machine> machine;
        try {
            module = Parser.parse(bytes);
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            throw new PluginException("it is no WebAssembly module, or not a whole one (" + e.getMessage()
                    + "); put it there again", e);
        }
        MemoryLimits memory = verify(module, limits);
        try {
            machine = MachineFactoryCompiler.builder(module).withInterpreterFallback(InterpreterFallback.FAIL)
                    .compile();
        } catch (RuntimeException | LinkageError | StackOverflowError | OutOfMemoryError e) {
            throw new PluginException("it cannot be compiled to bytecode: " + e.getMessage(), e);
        }
        return new Code(module, machine, memory, hash(bytes));
    }

    private static byte[] read(Path file) {
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw new PluginException("it has " + Files.size(file) + " bytes; at most " + MOST_BYTES + " can be");
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new PluginException("it cannot be read: " + e, e);
        }
    }

    private static String hash(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes), 0, 6);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("each JDK has SHA-256", e);
        }
    }

    private static MemoryLimits verify(WasmModule module, PluginLimits limits) {
        module.importSection().stream().forEach(WasmLoader::verify);
        TypeSection types = module.typeSection();
        for (int i = 0; i < types.subTypeCount(); i++) {
            if (types.getSubType(i).compType().funcType() == null) {
                throw new PluginException(
                        "it has types of structs or arrays, whose memory has no bound here; compile it"
                                + " without the garbage collection proposal");
            }
        }
        if (module.tagSection().isPresent() && module.tagSection().get().tagCount() > 0) {
            throw new PluginException("it has exceptions, whose memory has no bound here; compile it without them");
        }
        long elements = 0;
        for (int i = 0; i < module.tableSection().tableCount(); i++) {
            elements += module.tableSection().getTable(i).limits().min();
        }
        if (elements > MOST_ELEMENTS) {
            throw new PluginException(
                    "its tables have " + elements + " elements; at most " + MOST_ELEMENTS + " can be");
        }
        if (function(module, "process") == null || !PROCESS.equals(function(module, "process"))) {
            throw new PluginException("it exports no function 'process' from (i32, i32) to i64");
        }
        if (!ALLOC.equals(function(module, "alloc"))) {
            throw new PluginException("it exports no function 'alloc' from (i32) to i32");
        }
        return memory(module, limits);
    }

    private static void verify(Import each) {
        if (!each.module().equals("solaster") || !each.name().equals("key") && !each.name().equals("topic")
                || each.importType() != ExternalType.FUNCTION) {
            throw new PluginException("it imports '" + each.module() + "." + each.name()
                    + "', which is not there: a plug-in may import the functions solaster.key and solaster.topic alone");
        }
    }

    private static @Nullable FunctionType function(WasmModule module, String name) {
        for (int i = 0; i < module.exportSection().exportCount(); i++) {
            var export = module.exportSection().getExport(i);
            if (export.name().equals(name) && export.exportType() == ExternalType.FUNCTION) {
                int imported = module.importSection().count(ExternalType.FUNCTION);
                int index = export.index() - imported;
                return index < 0 || index >= module.functionSection().functionCount()
                        ? null
                        : module.typeSection().getType(module.functionSection().getFunctionType(index));
            }
        }
        return null;
    }

    private static MemoryLimits memory(WasmModule module, PluginLimits limits) {
        int count = module.memorySection().isEmpty() ? 0 : module.memorySection().get().memoryCount();
        if (count != 1) {
            throw new PluginException("it has " + count + " memories; it must have one");
        }
        MemoryLimits asked = module.memorySection().get().getMemory(0).limits();
        int most = (int) Math.min(limits.memory().bytes() / PAGE, Integer.MAX_VALUE / PAGE);
        if (asked.shared()) {
            throw new PluginException("its memory is shared; compile it without threads");
        }
        if (asked.initialPages() > most) {
            throw new PluginException("it asks for " + (long) asked.initialPages() * PAGE + " bytes of memory, and "
                    + limits.memory() + " are allowed; raise limits.memory, or compile it for less");
        }
        return new MemoryLimits(asked.initialPages(), Math.min(asked.maximumPages(), most));
    }

    /** One version of a module. */
    private record Code(WasmModule module, Function<Instance, Machine> machine, MemoryLimits memory,
            String version) implements PluginCode {

        @Override
        public boolean stops() {
            return true;
        }

        @Override
        public PluginInstance instance(WatchCell start) {
            start.begin();
            boolean late = true;
            try {
                return new WasmInstance(module, machine, memory);
            } catch (RuntimeException | StackOverflowError e) {
                throw new PluginException("it does not start: " + e.getMessage(), e);
            } finally {
                late = start.end();
                if (late) {
                    // Whatever came of it, it was stopped.
                    throwLate();
                }
            }
        }

        private static void throwLate() {
            throw new PluginException("it does not start within a second");
        }

        @Override
        public List<String> unload() {
            return List.of();
        }
    }

    static TableLimits table(TableLimits asked) {
        return new TableLimits(asked.min(), Math.min(asked.max(), MOST_ELEMENTS));
    }
}
