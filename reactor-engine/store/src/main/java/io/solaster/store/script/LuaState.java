package io.solaster.store.script;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.SystemMemory;
import org.jspecify.annotations.Nullable;

/**
 * A state of Lua with the sandbox in it. It calls functions of Java by one function of C, which knows them by number, and gives its
 * memory back as a whole. On the owning shard.
 */
final class LuaState implements AutoCloseable {
    /** Where on the stack of the main thread lies what each script needs. */
    private static final int GLOBALS = 1;
    private static final int KEYS = 2;
    private static final int ARGV = 3;
    private static final int LEVEL = 4;
    static final int AT_REST = 4;

    /** Names of fields, kept in the registry under the numbers from 1 on. */
    private static final String[] NAMES = {"err", "ok", "double", "big_number", "verbatim_string", "map", "set",
            "format",
            "string"};
    static final int ERR = 1;
    static final int OK = 2;
    static final int DOUBLE = 3;
    static final int BIG_NUMBER = 4;
    static final int VERBATIM_STRING = 5;
    static final int MAP = 6;
    static final int SET = 7;
    static final int FORMAT = 8;
    static final int STRING = 9;
    private static final int FIRST_REFERENCE = NAMES.length + 1;
    /** Instructions between two looks at the clock: some tens of microseconds. */
    static final int INSTRUCTIONS = 10_000;
    /** A longer pattern might go so deep that the thread's stack does not do. */
    private static final int LONGEST_PATTERN = 1000;
    private static final int PAUSE = 150;
    /** Bytes of what a frame is described in, and where its source and line stand there. */
    private static final int RECORD = 128;
    private static final int SOURCE = 32;
    private static final int LINE = 40;
    private static final byte[] SANDBOX = LuaLibrary.sandbox();

    /** Called from Lua; answers how many results lie on the stack of the thread. */
    @FunctionalInterface
    interface Function {
        int run(long thread);
    }

    /** Told of what happens while a script runs. */
    interface Watch {
        /** Some more instructions are done. */
        void hook(long thread);
    }

    private final LuaHeap heap;
    private final Map<String, Map<String, Function>> libraries;
    private final Watch watch;
    private final Arena arena = Arena.ofAuto();
    private final MemorySegment allocator;
    private final MemorySegment dispatcher;
    private final MemorySegment hook;
    /** For the length of a string. */
    private final MemorySegment cell = arena.allocate(ValueLayout.JAVA_LONG);
    private final MemorySegment chunkName = arena.allocateFrom("@user_script");
    /** What is asked of a frame, and where that is answered. */
    private final MemorySegment what = arena.allocateFrom("Sl");
    private final MemorySegment record = arena.allocate(RECORD, Long.BYTES);
    private final List<Function> functions = new ArrayList<>();
    /** What raises the value on top of the stack as an error. */
    private final long lastError = Lua.address("lua_error");
    private long main;
    private long generation = 1;
    private int nextReference = FIRST_REFERENCE;
    private final ArrayDeque<Integer> unused = new ArrayDeque<>();
    private boolean known;

    LuaState(SystemMemory memory, long limit, Map<String, Map<String, Function>> libraries, Watch watch) {
        this.heap = new LuaHeap(memory, limit);
        this.libraries = libraries;
        this.watch = watch;
        this.allocator = stub(heap, "reallocate", FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
        this.dispatcher = stub(this, "dispatch",
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
        this.hook = stub(this, "hook", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    }

    private MemorySegment stub(Object target, String method, FunctionDescriptor type) {
        try {
            MethodHandle handle = MethodHandles.lookup().bind(target, method, type.toMethodType());
            return Linker.nativeLinker().upcallStub(handle, type, arena);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    LuaHeap heap() {
        return heap;
    }

    /** How often the state was made anew: what was compiled before is gone. */
    long generation() {
        return generation;
    }

    /** Where the length of a string is put. */
    long cell() {
        return cell.address();
    }

    /** The main thread, which runs no script; makes the state if there is none. */
    long main() {
        if (main == 0) {
            make();
        }
        return main;
    }

    private void make() {
        nextReference = FIRST_REFERENCE;
        unused.clear();
        heap.bounded(false);
        heap.open();
        try {
            long state = made();
            if (heap.isRefused()) {
                throw new OutOfMemoryError("no memory for a state of Lua");
            }
            main = state;
        } catch (Throwable failure) {
            heap.drop();
            throw failure;
        }
    }

    private long made() {
        long state = Lua.newState(allocator.address(), 0);
        if (state == 0) {
            throw new OutOfMemoryError("no memory for a state of Lua");
        }
        for (String library : List.of("base", "table", "string", "math", "os")) {
            Lua.pushFunction(state, Lua.address("luaopen_" + library), 0);
            push(state, library.equals("base") ? "" : library);
            check(state, Lua.call(state, 1, 0, 0));
        }
        addNative(state);
        try (Arena block = Arena.ofConfined()) {
            MemorySegment text = block.allocate(SANDBOX.length);
            text.copyFrom(MemorySegment.ofArray(SANDBOX));
            check(state, Lua.load(state, text.address(), SANDBOX.length, block.allocateFrom("=solaster").address()));
        }
        Lua.newTable(state, 0, 0);
        // The chunk, and what it makes, has the globals of scripts.
        Lua.copy(state, -1);
        Lua.environment(state, -3);
        Lua.insert(state, 1);
        Lua.newTable(state, 0, 64);
        Lua.insert(state, 1);
        Lua.newTable(state, 1, 0);
        Lua.push(state, 0);
        Lua.rawSet(state, -2, 1);
        // Globals, the table in front of them, the chunk, the level.
        Lua.copy(state, -2);
        Lua.copy(state, Lua.GLOBALS);
        Lua.copy(state, 1);
        Lua.copy(state, 2);
        Lua.copy(state, 4);
        Lua.push(state, LONGEST_PATTERN);
        check(state, Lua.call(state, 5, 0, 0));
        Lua.copy(state, 2);
        Lua.replace(state, Lua.GLOBALS);
        push(state, "KEYS");
        Lua.replace(state, 2);
        push(state, "ARGV");
        Lua.replace(state, 3);
        // The compiler uses the name of a chunk without holding it.
        push(state, "@user_script");
        Lua.rawSet(state, Lua.REGISTRY, reference());
        for (int i = 0; i < NAMES.length; i++) {
            push(state, NAMES[i]);
            Lua.rawSet(state, Lua.REGISTRY, i + 1);
        }
        Lua.collect(state, Lua.GC_SET_PAUSE, PAUSE);
        Lua.hook(state, hook.address(), Lua.HOOK_COUNT, INSTRUCTIONS);
        known = Lua.isKnown(state, hook.address(), INSTRUCTIONS);
        return state;
    }

    /** What the sandbox is made of, beside Lua's own libraries: all in the globals of the main thread, which nobody sees later. */
    private void addNative(long state) {
        functions.clear();
        Lua.copy(state, Lua.GLOBALS);
        push(state, "null");
        Lua.pushPointer(state, 0);
        Lua.rawSet(state, -3);
        push(state, "memory");
        Lua.push(state, (double) heap.limit());
        Lua.rawSet(state, -3);
        libraries.forEach((library, entries) -> {
            push(state, library);
            Lua.newTable(state, 0, entries.size());
            entries.forEach((name, function) -> {
                push(state, name);
                Lua.push(state, functions.size());
                functions.add(function);
                Lua.pushFunction(state, dispatcher.address(), 1);
                Lua.rawSet(state, -3);
            });
            Lua.rawSet(state, -3);
        });
        Lua.pop(state, 1);
    }

    private void check(long state, int result) {
        if (result != 0) {
            throw new IllegalStateException("the sandbox is broken: " + text(state, -1));
        }
    }

    /** A number under which a value may be kept in the registry. */
    int reference() {
        Integer free = unused.poll();
        return free == null ? nextReference++ : free;
    }

    /** Nothing is kept under a number any more, which may be used for something else. */
    void release(int reference) {
        unused.push(reference);
    }

    // ---- what scripts are run with

    /** Makes a thread, kept under a number in the registry. */
    long newThread(int reference) {
        long thread = Lua.newThread(main());
        Lua.rawSet(main, Lua.REGISTRY, reference);
        return thread;
    }

    /** Forgets what is kept under a number. */
    void forget(int reference) {
        if (main != 0) {
            Lua.pushNil(main);
            Lua.rawSet(main, Lua.REGISTRY, reference);
        }
    }

    /** Compiles a script, kept under a number in the registry; why not, or null. */
    @Nullable
    String compile(byte[] text, int from, int reference) {
        if (text.length > from && text[from] == 27) {
            return "user_script:1: unexpected symbol near 'char(27)'";
        }
        long state = main();
        int length = text.length - from;
        long block = Memory.allocate(Math.max(1, length));
        int result;
        try {
            Memory.copy(text, from, block, length);
            heap.bounded(true);
            result = Lua.load(state, block, length, chunkName.address());
        } finally {
            heap.bounded(false);
            Memory.free(block);
        }
        if (result != 0) {
            String problem = Objects.requireNonNullElse(text(state, -1), "not enough memory");
            Lua.top(state, AT_REST);
            return problem;
        }
        Lua.rawSet(state, Lua.REGISTRY, reference);
        return null;
    }

    /** Begins the table of keys of the next script; {@link #element} follows for each, and {@link #end}. */
    void beginKeys(int count) {
        begin(KEYS, count);
    }

    /** As {@link #beginKeys}, for its arguments. */
    void beginArguments(int count) {
        begin(ARGV, count);
    }

    private void begin(int name, int count) {
        Lua.copy(main, name);
        Lua.newTable(main, count, 0);
    }

    /** Adds a string, counted from 1, to the table that was begun. */
    void element(int index, long address, int length) {
        Lua.pushString(main, address, length);
        Lua.rawSet(main, -2, index);
    }

    /** Ends a table that was begun. */
    void end() {
        Lua.rawSet(main, GLOBALS);
    }

    /** Keeps the tables of keys and arguments under two numbers in the registry, while other scripts run. */
    void keepTables(int keys, int arguments) {
        keep(KEYS, keys);
        keep(ARGV, arguments);
    }

    private void keep(int name, int reference) {
        Lua.copy(main, name);
        Lua.rawGet(main, GLOBALS);
        Lua.rawSet(main, Lua.REGISTRY, reference);
    }

    /** Gives a script the tables back that were kept. */
    void restoreTables(int keys, int arguments) {
        restore(KEYS, keys);
        restore(ARGV, arguments);
    }

    private void restore(int name, int reference) {
        Lua.copy(main, name);
        Lua.rawGet(main, Lua.REGISTRY, reference);
        Lua.rawSet(main, GLOBALS);
    }

    /** How many threads of the running script wait for one another. */
    int level() {
        Lua.rawGet(main, LEVEL, 1);
        int level = (int) Lua.number(main, -1);
        Lua.pop(main, 1);
        return level;
    }

    void level(int level) {
        Lua.push(main, level);
        Lua.rawSet(main, LEVEL, 1);
    }

    /** Whether a running thread, and those that wait for it, can leave off where they are. */
    boolean mayYield(long thread) {
        return known && Lua.calls(thread) == 1 + level() && Lua.mayYield(thread);
    }

    /** From here on everything that a thread does is an error. */
    void stop(long thread) {
        Lua.hook(thread, lastError, Lua.HOOK_LINE | Lua.HOOK_COUNT, 1);
    }

    /** Where in a script a thread is that has left off or failed: its source and line; null where it is in none. */
    @Nullable
    String place(long thread) {
        long at = record.address();
        for (int level = 0; Lua.frame(thread, level, at) != 0; level++) {
            int ignored = Lua.describe(thread, what.address(), at);
            String source = record.get(ValueLayout.ADDRESS, SOURCE).reinterpret(Long.MAX_VALUE).getString(0,
                    StandardCharsets.ISO_8859_1);
            int line = record.get(ValueLayout.JAVA_INT, LINE);
            // Within a turn that is over no line is known.
            if (!source.startsWith("=") && line > 0) {
                return source + ":" + line;
            }
        }
        return null;
    }

    /** Goes on with a thread; as {@link Lua#resume}. */
    int resume(long thread, int arguments) {
        heap.bounded(true);
        int result = Lua.resume(thread, arguments);
        heap.bounded(false);
        return result;
    }

    // ---- called by Lua; whatever they throw would end the process

    /** Calls a function of Java, whose number the function of C was made with. */
    int dispatch(long thread) {
        heap.bounded(false);
        try {
            // What is in reserve is for what has begun, and for saying so.
            int results = heap.isRefused() ? 0 : functions.get((int) Lua.number(thread, Lua.upvalue(1))).run(thread);
            // What leaves off is not gone on with.
            return heap.isRefused() && results >= 0 ? fail(thread, "not enough memory") : results;
        } catch (LuaArguments.Failure wrong) {
            return fail(thread, String.valueOf(wrong.getMessage()));
        } catch (Throwable failure) {
            return fail(thread, failure instanceof StackOverflowError ? "stack overflow" : "internal error");
        } finally {
            heap.bounded(true);
        }
    }

    /** Some more instructions are done. */
    void hook(long thread, @SuppressWarnings("unused") long event) {
        heap.bounded(false);
        try {
            watch.hook(thread);
        } catch (Throwable failure) {
            stop(thread);
        } finally {
            heap.bounded(true);
        }
    }

    // ---- values

    /** Pushes the name of a field, such as {@link #ERR}. */
    static void pushName(long thread, int name) {
        Lua.rawGet(thread, Lua.REGISTRY, name);
    }

    /** Has the function that is called fail with a message, in front of which stands where it was called. */
    private int fail(long thread, String message) {
        Lua.top(thread, 0);
        Lua.where(thread, 1);
        String where = text(thread, -1);
        push(thread, where + message);
        return raise(thread);
    }

    /**
     * Has the function that is called fail with the value on top. From Java no error can be raised, since that is a jump in C: it
     * is raised as the function returns, by what is called then. A thread in which something fails ends, so that it is never
     * gone on with.
     */
    int raise(long thread) {
        raiseIn(thread);
        return 1;
    }

    /** Has the function fail that a thread has left off in, with what it is answered. */
    void raiseIn(long thread) {
        Lua.hook(thread, lastError, Lua.HOOK_RETURN, 0);
    }

    /** Pushes a text of which each character is one byte. */
    void push(long thread, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        push(thread, bytes, bytes.length);
    }

    void push(long thread, byte[] bytes, int length) {
        long block = Memory.allocate(Math.max(1, length));
        try {
            Memory.copy(bytes, 0, block, length);
            Lua.pushString(thread, block, length);
        } finally {
            Memory.free(block);
        }
    }

    /** A string, each byte one character; null if the value is none. */
    @Nullable
    String text(long thread, int index) {
        int type = Lua.type(thread, index);
        if (type == Lua.NUMBER) {
            return LuaNumbers.text(Lua.number(thread, index));
        }
        if (type != Lua.STRING) {
            return null;
        }
        return new String(bytes(thread, index), StandardCharsets.ISO_8859_1);
    }

    /** The bytes of what is a string. */
    byte[] bytes(long thread, int index) {
        long address = Lua.string(thread, index, cell());
        byte[] bytes = new byte[Math.toIntExact(Memory.getLong(cell()))];
        Memory.copy(address, bytes, 0, bytes.length);
        return bytes;
    }

    /** Takes all memory of the state back. No script is under way. */
    void drop() {
        main = 0;
        generation++;
        heap.drop();
    }

    @Override
    public void close() {
        main = 0;
        generation++;
        heap.close();
    }
}
