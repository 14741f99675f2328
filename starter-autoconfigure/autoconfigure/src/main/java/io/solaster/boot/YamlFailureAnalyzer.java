package io.solaster.boot;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/** Says where a file is no YAML, which Spring Boot tells by the stack of its parser alone. */
final class YamlFailureAnalyzer extends AbstractFailureAnalyzer<MarkedYAMLException> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, MarkedYAMLException cause) {
        Mark mark = cause.getProblemMark();
        String where = mark == null ? "" : " at line " + (mark.getLine() + 1) + ", column " + (mark.getColumn() + 1);
        String description = "A configuration file is no YAML" + where + ": " + cause.getProblem() + "."
                + (mark == null ? "" : "\n\n" + mark.get_snippet());
        return new FailureAnalysis(description,
                "Mend the file: its lines must be indented evenly, by spaces and not by tabs.", cause);
    }
}
