package io.solaster.operator;

/**
 * The executable jar's entry: compiled for an old Java, so that one too old for the operator says so in a sentence and
 * not in a stack trace.
 */
public final class Launch {
    private static final int NEEDED = 25;
    /** EX_CONFIG of sysexits.h. */
    private static final int EXIT = 78;

    private Launch() {}

    public static void main(String[] args) throws Exception {
        int feature = Runtime.version().feature();
        if (feature < NEEDED) {
            System.err.println("The operator of Solaster needs Java " + NEEDED + " or newer, and this is Java " + feature
                    + " (" + System.getProperty("java.home") + "): run it with the 'java' of a newer JDK.");
            System.exit(EXIT);
        }
        // By name: this class is compiled before, and for an older Java than, the operator.
        Class.forName("io.solaster.operator.command.Main").getMethod("main", String[].class).invoke(null, (Object) args);
    }
}
