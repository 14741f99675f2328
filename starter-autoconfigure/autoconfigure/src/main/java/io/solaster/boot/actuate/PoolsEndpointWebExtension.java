package io.solaster.boot.actuate;

import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.actuate.endpoint.web.annotation.EndpointWebExtension;

/** The pools' endpoints as a table too, where that is asked for. */
@EndpointWebExtension(endpoint = PoolsEndpoint.class)
final class PoolsEndpointWebExtension {
    private final PoolsEndpoint endpoint;

    PoolsEndpointWebExtension(PoolsEndpoint endpoint) {
        this.endpoint = endpoint;
    }

    @ReadOperation(producesFrom = TableFormat.class)
    WebEndpointResponse<Object> pools(TableFormat format) {
        return new WebEndpointResponse<>(format == TableFormat.CSV ? endpoint.table() : endpoint.pools(), format);
    }
}
