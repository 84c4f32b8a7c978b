@NullMarked
package org.espalier.nn;

import org.jspecify.annotations.NullMarked;
