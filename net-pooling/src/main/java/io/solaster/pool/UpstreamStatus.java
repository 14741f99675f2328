package io.solaster.pool;

import java.util.List;

/**
 * How an upstream stood when somebody asked.
 *
 * @param name the key below {@code solaster.pools}
 * @param state how it stands in all
 * @param discovery who finds its endpoints
 * @param endpoints in the order in which they were found
 */
public record UpstreamStatus(String name, UpstreamState state, String discovery, List<EndpointStatus> endpoints) {}
