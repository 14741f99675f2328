/**
 * What calls between shards take along: the carriers behind {@code solaster.context-propagation}. Made by the starter's wiring;
 * the engine calls them on whichever thread submits and on the shard that runs.
 */
@NullMarked
package io.solaster.spring.context;

import org.jspecify.annotations.NullMarked;
