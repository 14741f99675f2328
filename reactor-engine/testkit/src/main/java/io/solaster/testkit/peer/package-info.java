/** Programs of others that tests talk to, as far as this machine has them. Tests start them, from any thread. */
@NullMarked
package io.solaster.testkit.peer;

import org.jspecify.annotations.NullMarked;
