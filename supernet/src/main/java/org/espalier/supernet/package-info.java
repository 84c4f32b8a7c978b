@NullMarked
package org.espalier.supernet;

import org.jspecify.annotations.NullMarked;
