package io.solaster.pool.upstream;

import io.solaster.pool.Endpoint;
import io.solaster.pool.EndpointState;

/** An endpoint as the aggregator tells the shards of it; the id is its own as long as it stays. */
record Member(int id, Endpoint endpoint, EndpointState state) {}
