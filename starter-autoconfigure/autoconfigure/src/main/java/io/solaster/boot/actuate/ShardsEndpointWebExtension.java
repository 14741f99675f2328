package io.solaster.boot.actuate;

import io.solaster.config.plan.ShardReport;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.actuate.endpoint.web.annotation.EndpointWebExtension;

/** The shards as a table too, where that is asked for. */
@EndpointWebExtension(endpoint = ShardsEndpoint.class)
final class ShardsEndpointWebExtension {
    private final ShardsEndpoint endpoint;

    ShardsEndpointWebExtension(ShardsEndpoint endpoint) {
        this.endpoint = endpoint;
    }

    @ReadOperation(producesFrom = TableFormat.class)
    WebEndpointResponse<Object> shards(TableFormat format) {
        ShardReport report = endpoint.shards();
        return new WebEndpointResponse<>(
                format == TableFormat.CSV ? Csv.of(ShardReport.Shard.class, report.shards()) : report,
                format);
    }
}
