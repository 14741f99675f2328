package io.solaster.config.pool;

import java.util.ArrayList;
import java.util.List;

import io.solaster.config.value.Range;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * One place that connections go to. In YAML also plainly {@code host:port}.
 *
 * @param address host and port, as in 'orders.example:8080' or '[::1]:8080'; or a Unix domain socket of this machine, as in
 *            'unix:/run/app.sock' or 'unix:@name'
 * @param weight its share of the requests, where the algorithm goes by weights
 * @param priority 0 is asked first; a greater one stands by until too few before it are well
 * @param zone where it stands, for balancing that stays in its own zone; none by default
 * @param numaNode the NUMA node of this machine that its network card hangs on; -1 where that does not matter
 */
@ConfigurationPropertiesSource
public record EndpointConfig(String address, @DefaultValue("1") @Range(min = 1, max = 1_000) int weight,
        @DefaultValue("0") @Range(min = 0, max = 100) int priority, @Nullable String zone,
        @DefaultValue("-1") @Range(min = -1, max = 1_023) int numaNode) {

    /** An endpoint of which only the address is told. */
    public static EndpointConfig valueOf(String address) {
        return new EndpointConfig(address, 1, 0, null, -1);
    }

    /** Its address, and what else is told of it: {@code a:80 (weight 3, zone east)}. */
    @Override
    public String toString() {
        List<String> more = new ArrayList<>();
        if (weight != 1) {
            more.add("weight " + weight);
        }
        if (priority != 0) {
            more.add("priority " + priority);
        }
        if (zone != null) {
            more.add("zone " + zone);
        }
        if (numaNode != -1) {
            more.add("NUMA node " + numaNode);
        }
        return more.isEmpty() ? String.valueOf(address) : address + " (" + String.join(", ", more) + ")";
    }
}
