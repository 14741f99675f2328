package io.solaster.store.program;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;

import org.jspecify.annotations.Nullable;

/** Runs the command within a test, and keeps what it says. */
public final class ProgramRun {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    /** Its exit code; what it said before is forgotten. */
    public int run(@Nullable String password, String... arguments) {
        out.reset();
        err.reset();
        return new Program(new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8), InstantSource.system(), password).run(arguments);
    }

    public String said() {
        return out.toString(StandardCharsets.UTF_8);
    }

    public String errors() {
        return err.toString(StandardCharsets.UTF_8);
    }
}
