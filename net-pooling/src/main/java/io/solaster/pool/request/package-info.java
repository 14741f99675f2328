/**
 * Requests through a pool, with their deadlines, retries and hedges. Clients of a protocol stand on it, and so do requests
 * of an application's own. Any thread asks a {@code Requester}; a request and its attempts are on one shard.
 */
@NullMarked
package io.solaster.pool.request;

import org.jspecify.annotations.NullMarked;
