package io.solaster.boot.actuate;

import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.Show;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;

/** The configuration in force. Values are asterisks unless {@code management.endpoint.solasterconfig.show-values} says. */
@Endpoint(id = "solasterconfig", defaultAccess = Access.READ_ONLY)
final class SolasterConfigEndpoint {
    private final ConfigView view;
    private final Show showValues;

    SolasterConfigEndpoint(ConfigView view, Show showValues) {
        this.view = view;
        this.showValues = showValues;
    }

    @ReadOperation
    ConfigView.Report configuration() {
        return report(showValues.isShown(true));
    }

    ConfigView.Report report(boolean showUnsanitized) {
        return view.report(showUnsanitized);
    }

    /**
     * Checks what a file says, and changes nothing.
     *
     * @param yaml the file's text
     */
    @WriteOperation
    ConfigView.Check validate(String yaml) {
        return view.check(yaml);
    }
}
