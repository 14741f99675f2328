package io.solaster.streams.command;

/** Prints, checks and repairs a topic that lies on the disk. */
public final class Main {

    private Main() {}

    /** Ends with 0 if all is well, with 1 if the topic is damaged, with 2 if the command makes no sense. */
    public static void main(String... arguments) {
        System.exit(new Program(System.out, System.err).run(arguments));
    }
}
