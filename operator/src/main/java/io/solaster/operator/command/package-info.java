/** The planner as a command, offline. */
@NullMarked
package io.solaster.operator.command;

import org.jspecify.annotations.NullMarked;
