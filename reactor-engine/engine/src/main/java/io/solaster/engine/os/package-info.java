/** What Linux says and does: CPUs, cgroups and limits of the machine, and which thread runs on which CPU. */
@NullMarked
package io.solaster.engine.os;

import org.jspecify.annotations.NullMarked;
