@NullMarked
package org.espalier.check;

import org.jspecify.annotations.NullMarked;
