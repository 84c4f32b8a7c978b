@NullMarked
package org.espalier.checkpoint;

import org.jspecify.annotations.NullMarked;
