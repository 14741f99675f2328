/**
 * A disk in memory that does what disks do: it forgets what was not synced, tears it, fails, fills up, is slow, and all of it
 * as a seed says. No thread is in here; time is handed in. Tests and the simulation call it.
 */
@NullMarked
package io.solaster.testkit.sim.disk;

import org.jspecify.annotations.NullMarked;
