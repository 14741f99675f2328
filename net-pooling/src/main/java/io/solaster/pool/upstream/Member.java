package io.solaster.pool.upstream;

import io.solaster.pool.Endpoint;

/** An endpoint as the aggregator tells the shards of it; the id is its own as long as it stays. */
record Member(int id, Endpoint endpoint, EndpointState state) {}
