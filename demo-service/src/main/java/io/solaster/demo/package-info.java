/** A Redis-compatible store on pinned shards, with Actuator: what an application of the starter looks like. */
@NullMarked
package io.solaster.demo;

import org.jspecify.annotations.NullMarked;
