# Debian has the text of this licence once for all packages.
/^ *Apache License$/,/^ *limitations under the License/c\
The text is in /usr/share/common-licenses/Apache-2.0.
