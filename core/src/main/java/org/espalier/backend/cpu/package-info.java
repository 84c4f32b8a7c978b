@NullMarked
package org.espalier.backend.cpu;

import org.jspecify.annotations.NullMarked;
