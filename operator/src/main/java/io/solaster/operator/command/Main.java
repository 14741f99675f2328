package io.solaster.operator.command;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.PrintWriter;

import io.solaster.operator.inventory.InvalidObjectException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;

/** The operator's program: the operator itself, and its planner as a command. */
@Command(name = "operator", mixinStandardHelpOptions = true, subcommands = {RunCommand.class,
        PlanCommand.class}, synopsisSubcommandLabel = "COMMAND", description = "Pods that get the cores their shards are pinned to.")
public final class Main {
    /** As sysexits.h has it: the command was used incorrectly. */
    static final int USAGE = 64;

    private Main() {}

    /** Runs a command and ends with its exit code. */
    public static void main(String[] args) {
        System.exit(run(new PrintWriter(System.out, true, UTF_8), new PrintWriter(System.err, true, UTF_8), args));
    }

    /** Runs a command and tells its exit code. */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        IParameterExceptionHandler usage = (e, arguments) -> {
            err.println(e.getMessage());
            err.println("See 'java -jar operator.jar " + e.getCommandLine().getCommandName() + " --help'.");
            return USAGE;
        };
        IExecutionExceptionHandler input = (e, commandLine, parsed) -> {
            if (e instanceof InvalidObjectException) {
                err.println(e.getMessage());
                return USAGE;
            }
            throw e;
        };
        // The image's entry point has no command.
        String[] given = args.length == 0 ? new String[]{"run"} : args;
        return new CommandLine(new Main()).setOut(out).setErr(err).setParameterExceptionHandler(usage)
                .setExecutionExceptionHandler(input).setCaseInsensitiveEnumValuesAllowed(true).execute(given);
    }
}
