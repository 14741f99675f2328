package io.solaster.store.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Map;

import io.solaster.engine.memory.SystemMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A state of Lua whose system has no memory left. */
@NeedsLua
class LuaStateTest {
    private static final int LARGE = 200_000;

    /** The system's memory, until it is refused. */
    private static final class Refusing implements SystemMemory {
        private boolean refuses;

        private void look() {
            if (refuses) {
                throw new OutOfMemoryError("of this test");
            }
        }

        @Override
        public long allocate(long bytes) {
            look();
            return SYSTEM.allocate(bytes);
        }

        @Override
        public long allocateZero(long bytes) {
            look();
            return SYSTEM.allocateZero(bytes);
        }

        @Override
        public void free(long address) {
            SYSTEM.free(address);
        }

        @Override
        public long map(long bytes) {
            look();
            return SYSTEM.map(bytes);
        }

        @Override
        public boolean unmap(long address, long bytes) {
            return SYSTEM.unmap(address, bytes);
        }

        @Override
        public void discard(long address, long bytes) {
            SYSTEM.discard(address, bytes);
        }
    }

    private final Refusing memory = new Refusing();
    private final byte[] large = new byte[LARGE];
    private final LuaState lua = new LuaState(memory, 32 << 20, Map.of("own", Map.of(), "maths", Map.of(), "bit",
            Map.of(), "struct", Map.of(), "cmsgpack", Map.of(), "cjson", Map.of(), "redis",
            Map.of("push", this::push, "small", this::small)), this::look);
    private boolean refusesInHook;

    @AfterEach
    void close() {
        memory.refuses = false;
        lua.close();
    }

    /** What commands that answer much do: Java makes values while a script runs. */
    private int push(long thread) {
        memory.refuses = true;
        for (int i = 0; i < 20; i++) {
            lua.push(thread, large, LARGE - i);
        }
        Lua.top(thread, 1);
        return 1;
    }

    private int small(long thread) {
        memory.refuses = true;
        Lua.newTable(thread, 100_000, 100_000);
        return 1;
    }

    private void look(long thread) {
        if (refusesInHook) {
            memory.refuses = true;
            lua.push(thread, large, LARGE);
            Lua.pop(thread, 1);
        }
    }

    private String run(String script) {
        int reference = lua.reference();
        String problem = lua.compile(script.getBytes(StandardCharsets.ISO_8859_1), 0, reference);
        if (problem != null) {
            return problem;
        }
        long thread = lua.newThread(lua.reference());
        Lua.rawGet(thread, Lua.REGISTRY, reference);
        lua.resume(thread, 0);
        return String.valueOf(lua.text(thread, -1));
    }

    @Test
    void aFunctionThatFindsNoMemoryFailsByName() {
        assertThat(run("return redis.push()")).endsWith("not enough memory");
        assertThat(lua.heap().isRefused()).isTrue();
        memory.refuses = false;
        lua.drop();
        assertThat(lua.heap().isRefused()).isFalse();
        assertThat(run("return 'again'")).isEqualTo("again");
    }

    @Test
    void aFunctionThatMakesALargeTableFailsByName() {
        assertThat(run("local ok, why = pcall(redis.small) return why")).endsWith("not enough memory");
    }

    @Test
    void theScriptItselfMayCatchIt() {
        assertThat(run("for i = 1, 50 do pcall(redis.push) end local ok, why = pcall(redis.push) return why"))
                .endsWith("not enough memory");
    }

    @Test
    void codeOfScriptsIsRefusedMemoryAsEver() {
        memory.refuses = true;
        assertThatThrownBy(() -> run("return 1")).isInstanceOf(OutOfMemoryError.class);
        memory.refuses = false;
        assertThat(run("return 1")).isEqualTo("1");
        memory.refuses = true;
        assertThat(run("local t = {} for i = 1, 1e6 do t[i] = {i} end return #t")).contains("not enough memory");
        assertThat(lua.heap().isRefused()).isFalse();
    }

    @Test
    void whatLooksAtTheClockMayFindNoMemory() {
        refusesInHook = true;
        assertThat(run("for i = 1, 1e5 do end return 'through'")).isEqualTo("through");
        assertThat(lua.heap().isRefused()).isTrue();
    }
}
