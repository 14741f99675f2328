package io.solaster.log.command;

/** Prints, checks and repairs a log that lies on the disk. */
public final class Main {

    private Main() {}

    /** Ends with 0 if all is well, with 1 if the log is damaged, with 2 if the command makes no sense. */
    public static void main(String... arguments) {
        System.exit(new Program(System.out, System.err).run(arguments));
    }
}
