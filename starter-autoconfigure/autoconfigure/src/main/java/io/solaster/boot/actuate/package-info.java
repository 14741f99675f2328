/**
 * What people look at: health, probes, the endpoints and the live page, on whichever thread asks; meters and tracing have rooms
 * of their own. Holds more than 20 files because endpoints share the reports that health is made of, with a record, an
 * extension and a format for some of them.
 */
@NullMarked
package io.solaster.boot.actuate;

import org.jspecify.annotations.NullMarked;
