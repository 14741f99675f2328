package io.solaster.load.command;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;

/** The program's entry. */
public final class Main {
    /** As sysexits.h has it: the command was used incorrectly. */
    static final int USAGE = 64;
    private static final int FAILED = 1;
    /** For a run to end, its report to be printed and its files to be written, after Ctrl-C. */
    private static final long PATIENCE_SECONDS = 20;

    private Main() {}

    /** Offers a load and ends with an exit code. After Ctrl-C the report so far is printed first. */
    public static void main(String[] args) {
        if (System.getProperty("logback.configurationFile") == null) {
            System.setProperty("logback.configurationFile", "io/solaster/load/command/logback.xml");
        }
        Thread main = Thread.currentThread();
        CountDownLatch done = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(main, done), "end"));
        int code;
        try {
            code = run(new PrintWriter(System.out, true, UTF_8), new PrintWriter(System.err, true, UTF_8), args);
        } finally {
            done.countDown();
        }
        System.exit(code);
    }

    private static void end(Thread main, CountDownLatch done) {
        if (done.getCount() > 0) {
            main.interrupt();
            try {
                done.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException _) {
                // Nobody interrupts it; and if so, this is the end anyway.
            }
        }
    }

    /** Runs the program and tells its exit code. */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        IParameterExceptionHandler usage = (e, arguments) -> {
            err.println(e.getMessage());
            err.println("See 'java -jar solaster-load.jar --help'.");
            return USAGE;
        };
        IExecutionExceptionHandler failure = (e, commandLine, parsed) -> {
            if (e instanceof IOException) {
                err.println(e.getMessage());
                return FAILED;
            }
            throw e;
        };
        return new CommandLine(new Program(out, err)).setOut(out).setErr(err).setParameterExceptionHandler(usage)
                .setExecutionExceptionHandler(failure).execute(args);
    }
}
