package io.solaster.demo;

/**
 * The executable jar's entry: compiled for an old Java, so that one too old for the application says so in a sentence
 * and not in a stack trace.
 */
public final class Launch {
    private static final int NEEDED = 25;
    /** EX_CONFIG of sysexits.h. */
    private static final int EXIT = 78;

    private Launch() {}

    public static void main(String[] args) throws Exception {
        int feature = Runtime.version().feature();
        if (feature < NEEDED) {
            System.err.println("Solaster needs Java " + NEEDED + " or newer, and this is Java " + feature + " ("
                    + System.getProperty("java.home") + "): run it with the 'java' of a newer JDK.");
            System.exit(EXIT);
        }
        // By name: this class is compiled before, and for an older Java than, the application.
        Class.forName("io.solaster.demo.DemoApplication").getMethod("main", String[].class).invoke(null, (Object) args);
    }
}
