package io.solaster.store.program;

import java.time.InstantSource;

import io.solaster.engine.env.Environment;

/** Looks through Redis's files, and takes them over into a server. */
public final class Main {

    private Main() {}

    /** Ends with 0 if all is well, with 1 if something was left out, with 2 if nothing could be done. */
    public static void main(String... arguments) {
        // Nobody reads what its libraries have to say.
        System.setProperty("slf4j.internal.verbosity", "ERROR");
        InstantSource clock = Environment.SYSTEM.wallClock();
        System.exit(new Program(System.out, System.err, clock, System.getenv("SOLASTER_PASSWORD")).run(arguments));
    }
}
