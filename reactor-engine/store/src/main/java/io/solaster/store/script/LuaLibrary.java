package io.solaster.store.script;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * Lua 5.1 as a library of the system, out of the artifact {@code party.iroiro.luajava:lua51-platform}. It is loaded when the
 * first script arrives; where that fails scripts are refused by name, and all else works. Any thread.
 */
final class LuaLibrary {
    private static final String ARTIFACT = "party.iroiro.luajava:lua51-platform:4.0.2:natives-desktop";

    private final @Nullable SymbolLookup symbols;
    private final @Nullable String missing;

    private LuaLibrary(@Nullable SymbolLookup symbols, @Nullable String missing) {
        this.symbols = symbols;
        this.missing = missing;
    }

    private static final class Loaded {
        static final LuaLibrary LIBRARY = load(System.getProperty("os.name"), System.getProperty("os.arch"));
    }

    /** Why scripts cannot run here; null if they can. */
    static @Nullable String missing() {
        return Loaded.LIBRARY.missing;
    }

    /** Its functions. */
    static SymbolLookup lookup() {
        SymbolLookup found = Loaded.LIBRARY.symbols;
        if (found == null) {
            throw new IllegalStateException(missing());
        }
        return found;
    }

    /** What makes the sandbox of a state, in Lua. */
    static byte[] sandbox() {
        try (InputStream in = Objects.requireNonNull(LuaLibrary.class.getResourceAsStream("sandbox.lua"))) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static LuaLibrary load(String system, String machine) {
        String name = switch (machine) {
            case "amd64", "x86_64" -> "liblua5164.so";
            case "aarch64", "arm64" -> "liblua51arm64.so";
            default -> null;
        };
        if (!system.equals("Linux") || name == null) {
            return new LuaLibrary(null, "there is no Lua for " + system + " on " + machine);
        }
        try (InputStream content = LuaLibrary.class.getClassLoader().getResourceAsStream(name)) {
            if (content == null) {
                return new LuaLibrary(null, "add the artifact " + ARTIFACT + " to the class path");
            }
            Path file = Files.createTempFile("solaster-lua", ".so");
            try {
                Files.copy(content, file, StandardCopyOption.REPLACE_EXISTING);
                return new LuaLibrary(SymbolLookup.libraryLookup(file, Arena.global()), null);
            } finally {
                // What is loaded stays.
                Files.deleteIfExists(file);
            }
        } catch (IOException | IllegalArgumentException | IllegalCallerException | LinkageError e) {
            return new LuaLibrary(null,
                    name + " could not be loaded from " + System.getProperty("java.io.tmpdir") + ": "
                            + e.getMessage());
        }
    }
}
