package io.solaster.boot.actuate;

import java.util.Set;

import org.springframework.boot.actuate.endpoint.SecurityContext;
import org.springframework.boot.actuate.endpoint.Show;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.web.annotation.EndpointWebExtension;

/** Asks who looks, where values are shown to some only. */
@EndpointWebExtension(endpoint = SolasterConfigEndpoint.class)
final class SolasterConfigEndpointWebExtension {
    private final SolasterConfigEndpoint endpoint;
    private final Show showValues;
    private final Set<String> roles;

    SolasterConfigEndpointWebExtension(SolasterConfigEndpoint endpoint, Show showValues, Set<String> roles) {
        this.endpoint = endpoint;
        this.showValues = showValues;
        this.roles = roles;
    }

    @ReadOperation
    ConfigView.Report configuration(SecurityContext security) {
        return endpoint.report(showValues.isShown(security, roles));
    }
}
