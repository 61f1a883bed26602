// SPDX-License-Identifier: MPL-2.0

// Says "Hello, World!" in HTTP, by Go's net/http.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
)

var body = []byte("Hello, World!")

func hello(reply http.ResponseWriter, request *http.Request) {
	reply.Header().Set("Content-Type", "text/plain")
	reply.Write(body)
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintf(os.Stderr, "usage: %s 127.0.0.1:PORT\n", os.Args[0])
		os.Exit(2)
	}
	if os.Args[1] == "--version" {
		fmt.Println("Go " + runtime.Version()[2:])
		return
	}
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	fmt.Fprintln(os.Stderr, http.Serve(listener, http.HandlerFunc(hello)))
	os.Exit(1)
}
