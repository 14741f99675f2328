package io.solaster.store.program;

/** Looks through Redis's files, and takes them over into a server. */
public final class Main {

    private Main() {}

    /** Ends with 0 if all is well, with 1 if something was left out, with 2 if nothing could be done. */
    public static void main(String... arguments) {
        System.exit(new Program(System.out, System.err, System.getenv("SOLASTER_PASSWORD")).run(arguments));
    }
}
