package io.solaster.boot.actuate;

import java.util.List;

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
                format == TableFormat.CSV ? table(report) : report,
                format);
    }

    private static String table(ShardReport report) {
        return Csv.of(List.of("id", "cpu", "numaNode", "state", "atWorkSeconds", "utilization", "cpuSeconds",
                "stealSeconds", "turns", "tasks", "pending", "connections", "accepted", "messagesSent",
                "messagesReceived", "stalls", "longestStallSeconds"),
                report.shards().stream()
                        .map(shard -> List.<Object>of(shard.id(), shard.cpu(), shard.numaNode(), shard.state(),
                                shard.atWorkSeconds(), shard.utilization(), shard.cpuSeconds(), shard.stealSeconds(),
                                shard.turns(), shard.tasks(), shard.pending(), shard.connections(), shard.accepted(),
                                shard.messagesSent(), shard.messagesReceived(), shard.stalls(),
                                shard.longestStallSeconds()))
                        .toList());
    }
}
