/**
 * What an engine takes from the machine around it and could not make by itself: time, chance, threads and
 * files. The only room
 * of the engine that asks the JDK for them; everything else asks the engine's {@link io.solaster.engine.env.Environment},
 * so that a simulation can be put in its place. Anybody may call it, on any thread. It knows nothing of the rest of the
 * engine but what files look like.
 */
@NullMarked
package io.solaster.engine.env;

import org.jspecify.annotations.NullMarked;
