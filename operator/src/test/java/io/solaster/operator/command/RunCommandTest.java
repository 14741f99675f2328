package io.solaster.operator.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What 'run' says before it runs. */
class RunCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String arguments) {
        return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments.split(" "));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            run --prot 80                                  | Unknown options: '--prot', '80'
            run --port 70000                               | --port 70000 is no port; give one from 1 to 65535
            run --port many                                | 'many' is not an int
            run --report-interval 0                        | --report-interval 0 would ask pods without end
            run --threads 0                                | --threads 0 would do nothing
            run --namespaces a --namespace-selector b=c    | --namespaces a stands beside --namespace-selector b=c
            run --nodes Some                               | expected one of [Label, Read, Declared]
            run --nodes declared --namespaces a            | --nodes Declared needs --profiles
            run --nodes declared --profiles a/b            | --nodes Declared needs --namespaces
            run --nodes declared --namespaces a --profiles b | --profiles b has no namespace
            run --profiles a/b                             | stands beside --nodes Label
            walk                                           | walk
            """)
    void wrongOptionsAreNamedWithTheFix(String arguments, String message) {
        assertThat(run(arguments)).isEqualTo(Main.USAGE);
        assertThat(err.toString()).contains(message).contains("--help").doesNotContain("\tat ");
    }

    @Test
    void helpNamesEveryOption() {
        assertThat(run("run --help")).isZero();
        assertThat(out.toString()).contains("--namespaces", "--namespace-selector", "--nodes", "--profiles",
                "--lease-namespace", "--port", "--report-interval", "--threads");
        assertThat(err.toString()).isEmpty();
    }
}
