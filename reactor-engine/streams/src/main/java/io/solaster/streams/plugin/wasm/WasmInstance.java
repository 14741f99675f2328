package io.solaster.streams.plugin.wasm;

import java.nio.charset.StandardCharsets;
import java.util.function.Function;

import io.solaster.streams.plugin.MessageView;
import io.solaster.streams.plugin.PluginException;
import io.solaster.streams.plugin.PluginInstance;
import io.solaster.streams.plugin.Verdict;
import org.jspecify.annotations.Nullable;
import run.endive.runtime.ByteArrayMemory;
import run.endive.runtime.ExportFunction;
import run.endive.runtime.HostFunction;
import run.endive.runtime.ImportFunction;
import run.endive.runtime.ImportValues;
import run.endive.runtime.Instance;
import run.endive.runtime.Machine;
import run.endive.runtime.Memory;
import run.endive.runtime.TableInstance;
import run.endive.wasm.WasmModule;
import run.endive.wasm.types.ExternalType;
import run.endive.wasm.types.MemoryLimits;
import run.endive.wasm.types.Table;

/** A module on its shard. Made off it, under watch; the room above watches over calls too. */
final class WasmInstance implements PluginInstance {
    /** Messages up to this size need no further memory. */
    private static final int FIRST_CAPACITY = 4096;
    private static final int LONGEST_NAME = 1024;

    private final ExportFunction alloc;
    private final ExportFunction process;
    private final Memory memory;
    private final long[] args = new long[2];
    private byte[] scratch = new byte[FIRST_CAPACITY];
    private int address;
    private int capacity;
    private @Nullable MessageView view;
    /** A call ended amid the module's code: its stack pointer, or whatever it keeps, is as that left it. */
    private boolean broken;

    WasmInstance(WasmModule module, Function<Instance, Machine> machine, MemoryLimits limits) {
        Instance instance = Instance.builder(module).withMachineFactory(machine)
                .withMemoryFactory(ByteArrayMemory::new).withMemoryLimits(limits)
                // A table of its own, since Endive counts how far one has grown in what all instances share.
                .withTableFactory((table, init) -> new TableInstance(
                        new Table(table.elementType(), WasmLoader.table(table.limits()), table.initialize()), init))
                .withStart(false).withImportValues(imports(module)).build();
        alloc = instance.export("alloc");
        process = instance.export("process");
        memory = instance.memory();
        for (int i = 0; i < module.exportSection().exportCount(); i++) {
            var export = module.exportSection().getExport(i);
            if (export.name().equals("_initialize") && export.exportType() == ExternalType.FUNCTION) {
                instance.export("_initialize").apply();
            }
        }
        reserve(FIRST_CAPACITY);
    }

    private ImportValues imports(WasmModule module) {
        return ImportValues.builder().addFunction(module.importSection().stream()
                .map(each -> each.name()).distinct().map(this::function).toArray(ImportFunction[]::new)).build();
    }

    private ImportFunction function(String name) {
        return name.equals("key")
                ? new HostFunction("solaster", "key", WasmLoader.READ, (instance, at) -> new long[]{
                        key((int) at[0], (int) at[1])})
                : new HostFunction("solaster", "topic", WasmLoader.READ, (instance, at) -> new long[]{
                        topic((int) at[0], (int) at[1])});
    }

    private int key(int to, int most) {
        MessageView current = view;
        if (current == null || current.keyLength() < 0) {
            return -1;
        }
        write(to, current.key(), most);
        return current.keyLength();
    }

    private int topic(int to, int most) {
        MessageView current = view;
        if (current == null) {
            return -1;
        }
        byte[] name = current.topic().getBytes(StandardCharsets.UTF_8);
        write(to, name, most);
        return name.length;
    }

    private void write(int to, byte[] bytes, int most) {
        int count = Math.min(bytes.length, Math.max(0, most));
        if (count > 0) {
            check(to, count, "what it asked for");
            memory.write(to, bytes, 0, count);
        }
    }

    @Override
    public void start() {}

    @Override
    public Verdict process(MessageView message) {
        int length = message.length();
        view = message;
        try {
            if (length > capacity) {
                reserve(length);
            }
            message.copy(0, scratch, 0, length);
            memory.write(address, scratch, 0, length);
            args[0] = address;
            args[1] = length;
            broken = true;
            long answer = process.apply(args)[0];
            broken = false;
            return verdict(message, answer);
        } finally {
            view = null;
        }
    }

    /** Has the module make room for messages: what it had given before is its own again, should it keep books. */
    private void reserve(int length) {
        int rounded = Math.max(length, Math.min(Integer.highestOneBit(length - 1) << 1, 1 << 28));
        broken = true;
        int given = (int) alloc.apply(rounded)[0];
        broken = false;
        check(given, rounded, "what 'alloc' returned");
        address = given;
        if (scratch.length < rounded) {
            scratch = new byte[rounded];
        }
        capacity = rounded;
    }

    private void check(int from, int length, String what) {
        long size = (long) memory.pages() * Memory.PAGE_SIZE;
        if (Integer.toUnsignedLong(from) + length > size) {
            throw new PluginException(what + " lies outside of its memory: " + length + " bytes from "
                    + Integer.toUnsignedString(from) + " on, of " + size);
        }
    }

    private Verdict verdict(MessageView message, long answer) {
        int length = (int) (answer >>> 4) & 0xFFF_FFFF;
        int from = (int) (answer >>> 32);
        return switch ((int) answer & 0xF) {
            case 0 -> Verdict.CONTINUE;
            case 1 -> Verdict.DROP;
            case 2 -> {
                check(from, length, "the value");
                yield message.replace(memory.readBytes(from, length));
            }
            case 3 -> {
                if (length > LONGEST_NAME) {
                    throw new PluginException(
                            "the topic has " + length + " bytes; at most " + LONGEST_NAME + " can be");
                }
                check(from, length, "the topic");
                yield message.route(new String(memory.readBytes(from, length), StandardCharsets.UTF_8));
            }
            default -> throw new PluginException("it answered " + answer + ", whose last four bits are no verdict");
        };
    }

    @Override
    public boolean isBroken() {
        return broken;
    }

    @Override
    public void stop() {}
}
